-- SPDX-License-Identifier: Apache-2.0
-- What a page of projects looks up, in fewer steps.
--
-- A row by its id is one step in a hash index, however many rows there are; in a tree of texts it is two or three, with
-- a comparison of texts for each halving. What a user is to groups, to the own namespace and to the platform stands
-- together, apart from the roles on projects, which are many.

CREATE INDEX listing_hash ON librenku.listing USING hash (project_id);
CREATE INDEX relation_role ON librenku.relation (subject_id, object_type, object_id, relation, subject_type)
    WHERE object_type IN ('g', 'n', 'L');

-- A row is written when its project changes, so that those of one page tend to stand side by side. Rows that are made
-- anew stand like that too.
CREATE OR REPLACE FUNCTION librenku.listing_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE common.groups, common.namespaces, projects.projects, common.entity_slugs, librenku.relation IN SHARE ROW EXCLUSIVE MODE;
    TRUNCATE librenku.listing, librenku.listing_member, librenku.listing_total;
    ALTER TABLE librenku.listing DISABLE TRIGGER USER;
    ALTER TABLE librenku.listing_member DISABLE TRIGGER USER;
    INSERT INTO librenku.listing SELECT * FROM librenku.listing_expected ORDER BY sort_key, project_id DESC;
    INSERT INTO librenku.listing_member (user_id, project_id, parent, public, sort_key, role)
    SELECT r.subject_id, l.project_id, l.parent, l.public, l.sort_key, r.role
      FROM (SELECT subject_id, object_id,
                   CASE WHEN bool_or(relation = 'o') THEN 'o' WHEN bool_or(relation = 'e') THEN 'e' ELSE 'v' END::"char" AS role
              FROM librenku.relation
             WHERE object_type = 'p' AND relation IN ('o', 'e', 'v') AND subject_type = 'u'
             GROUP BY subject_id, object_id) r
      JOIN librenku.listing l ON l.project_id = r.object_id
     ORDER BY r.subject_id, l.sort_key, l.project_id DESC;
    INSERT INTO librenku.listing_total (scope, public, private, owners, editors)
    SELECT scope, count(*) FILTER (WHERE public), count(*) FILTER (WHERE NOT public),
           count(*) FILTER (WHERE role = 'o'), count(*) FILTER (WHERE role = 'e')
      FROM (SELECT '*' AS scope, public, NULL::"char" AS role FROM librenku.listing
            UNION ALL SELECT 'p:' || parent, public, NULL FROM librenku.listing
            UNION ALL SELECT 'u:' || user_id, public, role FROM librenku.listing_member
            UNION ALL SELECT 'u:' || user_id || ':' || parent, public, role FROM librenku.listing_member
            UNION ALL SELECT 'groups', true, NULL FROM common.groups) AS counted
     GROUP BY scope;
    ALTER TABLE librenku.listing ENABLE TRIGGER USER;
    ALTER TABLE librenku.listing_member ENABLE TRIGGER USER;
END $$;
