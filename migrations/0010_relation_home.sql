-- SPDX-License-Identifier: Apache-2.0
-- serves: 10
-- A project has one home at most. Those who wrote kept to that; now no other can: the index of rows that lead from object
-- to object takes one such row of a project, and any number of the rest, for which its fourth column is NULL.
--
-- A project with several homes keeps the one that its rows name, one that is gone keeps none. Each change is a warning
-- in the log.

DROP INDEX librenku.relation_arrow;

DO $$
DECLARE
    change record;
BEGIN
    FOR change IN
        WITH several AS MATERIALIZED (
            SELECT r.object_id
              FROM librenku.relation r
             WHERE r.object_type = 'p' AND r.relation = 'N' AND r.subject_type NOT IN ('u', 'a')
             GROUP BY r.object_id HAVING count(*) > 1),
        home AS MATERIALIZED (
            SELECT o.object_id, CASE WHEN n.group_id IS NULL THEN 'n' ELSE 'g' END::"char" AS subject_type,
                   coalesce(n.group_id, n.id) AS subject_id
              FROM several o
              JOIN common.entity_slugs s ON s.project_id = o.object_id COLLATE "default" AND s.data_connector_id IS NULL
              JOIN common.namespaces n ON n.id = s.namespace_id),
        gone AS (
            DELETE FROM librenku.relation r
             USING several o LEFT JOIN home h ON h.object_id = o.object_id
             WHERE r.object_id = o.object_id AND r.object_type = 'p' AND r.relation = 'N' AND r.subject_type NOT IN ('u', 'a')
               AND ROW (r.subject_type, r.subject_id) IS DISTINCT FROM ROW (h.subject_type, h.subject_id)
            RETURNING r.object_id, r.subject_type, r.subject_id),
        come AS (
            INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)
            SELECT 'p', h.object_id, 'N', h.subject_type, h.subject_id FROM home h
            ON CONFLICT DO NOTHING
            RETURNING object_id, subject_type, subject_id)
        SELECT 'was removed' AS what, gone.* FROM gone UNION ALL SELECT 'was added', come.* FROM come
         ORDER BY object_id, what, subject_type, subject_id
    LOOP
        RAISE WARNING 'project:%#project_namespace@%:% %: the project had several homes', change.object_id,
              CASE change.subject_type WHEN 'g' THEN 'group' WHEN 'n' THEN 'user_namespace' ELSE change.subject_type::text END,
              change.subject_id, change.what;
    END LOOP;
END $$;

CREATE UNIQUE INDEX relation_arrow
    ON librenku.relation (object_id, object_type, relation, nullif(object_type = 'p' AND relation = 'N', false))
    INCLUDE (subject_type, subject_id)
    WHERE subject_type <> 'u' AND subject_type <> 'a';
