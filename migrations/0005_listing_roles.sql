-- SPDX-License-Identifier: Apache-2.0
-- Projects as namespaces: the list in the order of ids, of those where a user has at least a role.
--
--   listing_member  also has the strongest direct role: owner, editor or viewer
--   listing_total   also counts owners and editors in the scopes of a user, public and private together

ALTER TABLE librenku.listing_member ADD COLUMN role "char" NOT NULL DEFAULT 'v';
ALTER TABLE librenku.listing_member ALTER COLUMN role DROP DEFAULT;
ALTER TABLE librenku.listing_total
    ADD COLUMN owners bigint NOT NULL DEFAULT 0,
    ADD COLUMN editors bigint NOT NULL DEFAULT 0;

CREATE INDEX listing_id_public ON librenku.listing (project_id) WHERE public;
CREATE INDEX listing_parent_id ON librenku.listing (parent, project_id);
CREATE INDEX listing_member_owner ON librenku.listing_member (user_id, project_id) WHERE role = 'o';
CREATE INDEX listing_member_editor ON librenku.listing_member (user_id, project_id) WHERE role = 'e';
DROP INDEX librenku.listing_total_scope;
CREATE INDEX listing_total_scope ON librenku.listing_total (scope) INCLUDE (public, private, owners, editors);

CREATE OR REPLACE FUNCTION librenku.listing_fold(folded text) RETURNS void LANGUAGE sql AS $$
    WITH old AS (
        DELETE FROM librenku.listing_total
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM librenku.listing_total WHERE scope = folded FOR UPDATE SKIP LOCKED))
        RETURNING public, private, owners, editors)
    INSERT INTO librenku.listing_total (scope, public, private, owners, editors)
    SELECT folded, sum(public), sum(private), sum(owners), sum(editors) FROM old HAVING count(*) > 0
$$;

-- Adds a direct role to the totals of its user; one time in 32 it folds them.
CREATE FUNCTION librenku.listing_add_role(member librenku.listing_member, change bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    everywhere text := 'u:' || member.user_id;
    here text := 'u:' || member.user_id || ':' || member.parent;
BEGIN
    INSERT INTO librenku.listing_total (scope, public, private, owners, editors)
    SELECT scope, CASE WHEN member.public THEN change ELSE 0 END, CASE WHEN member.public THEN 0 ELSE change END,
           CASE member.role WHEN 'o' THEN change ELSE 0 END, CASE member.role WHEN 'e' THEN change ELSE 0 END
      FROM (VALUES (everywhere), (here)) AS scopes (scope);
    IF random() < 1.0 / 32 THEN
        PERFORM librenku.listing_fold(everywhere);
        PERFORM librenku.listing_fold(here);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION librenku.listing_member_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM librenku.listing_add_role(OLD, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM librenku.listing_add_role(NEW, 1);
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER listing_member_recount ON librenku.listing_member;
CREATE TRIGGER listing_member_recount AFTER UPDATE ON librenku.listing_member
    FOR EACH ROW WHEN ((OLD.parent, OLD.public, OLD.role) IS DISTINCT FROM (NEW.parent, NEW.public, NEW.role))
    EXECUTE FUNCTION librenku.listing_member_counted();

-- Somebody gains or loses a direct role; of several the strongest counts. FOR SHARE: a concurrent change of the
-- project waits, or is waited for, instead of passing unseen.
CREATE OR REPLACE FUNCTION librenku.listing_follows_role() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept "char";
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO librenku.listing_member AS m (user_id, project_id, parent, public, sort_key, role)
        SELECT NEW.subject_id, l.project_id, l.parent, l.public, l.sort_key, NEW.relation
          FROM librenku.listing l
         WHERE l.project_id = NEW.object_id
           FOR SHARE
        ON CONFLICT (user_id, project_id) DO UPDATE SET role = excluded.role
         WHERE strpos('oev', excluded.role::text) < strpos('oev', m.role::text);
        RETURN NULL;
    END IF;
    SELECT r.relation INTO kept
      FROM librenku.relation r
     WHERE r.object_id = OLD.object_id AND r.object_type = 'p' AND r.relation IN ('o', 'e', 'v')
       AND r.subject_id = OLD.subject_id AND r.subject_type = 'u'
     ORDER BY strpos('oev', r.relation::text)
     LIMIT 1;
    IF kept IS NULL THEN
        DELETE FROM librenku.listing_member m WHERE m.user_id = OLD.subject_id AND m.project_id = OLD.object_id;
    ELSE
        UPDATE librenku.listing_member m
           SET role = kept
         WHERE m.user_id = OLD.subject_id AND m.project_id = OLD.object_id AND m.role <> kept;
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE VIEW librenku.listing_member_expected AS
SELECT r.subject_id AS user_id, l.project_id, l.parent, l.public, l.sort_key, r.role
  FROM (SELECT subject_id, object_id,
               (CASE WHEN bool_or(relation = 'o') THEN 'o' WHEN bool_or(relation = 'e') THEN 'e' ELSE 'v' END)::"char" AS role
          FROM librenku.relation
         WHERE object_type = 'p' AND relation IN ('o', 'e', 'v') AND subject_type = 'u'
         GROUP BY subject_id, object_id) r
  JOIN librenku.listing_expected l ON l.project_id = r.object_id;

CREATE OR REPLACE VIEW librenku.listing_total_expected AS
SELECT scope COLLATE "C" AS scope, count(*) FILTER (WHERE public) AS public, count(*) FILTER (WHERE NOT public) AS private,
       count(*) FILTER (WHERE role = 'o') AS owners, count(*) FILTER (WHERE role = 'e') AS editors
  FROM (SELECT '*' AS scope, public, NULL::"char" AS role FROM librenku.listing_expected
        UNION ALL SELECT 'p:' || parent, public, NULL FROM librenku.listing_expected
        UNION ALL SELECT 'u:' || user_id, public, role FROM librenku.listing_member_expected
        UNION ALL SELECT 'u:' || user_id || ':' || parent, public, role FROM librenku.listing_member_expected
        UNION ALL SELECT 'groups', true, NULL FROM common.groups) AS counted
 GROUP BY scope;

CREATE OR REPLACE FUNCTION librenku.listing_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE common.groups, common.namespaces, projects.projects, common.entity_slugs, librenku.relation IN SHARE ROW EXCLUSIVE MODE;
    TRUNCATE librenku.listing, librenku.listing_member, librenku.listing_total;
    ALTER TABLE librenku.listing DISABLE TRIGGER USER;
    ALTER TABLE librenku.listing_member DISABLE TRIGGER USER;
    INSERT INTO librenku.listing SELECT * FROM librenku.listing_expected;
    INSERT INTO librenku.listing_member (user_id, project_id, parent, public, sort_key, role)
    SELECT r.subject_id, l.project_id, l.parent, l.public, l.sort_key, r.role
      FROM (SELECT subject_id, object_id,
                   CASE WHEN bool_or(relation = 'o') THEN 'o' WHEN bool_or(relation = 'e') THEN 'e' ELSE 'v' END::"char" AS role
              FROM librenku.relation
             WHERE object_type = 'p' AND relation IN ('o', 'e', 'v') AND subject_type = 'u'
             GROUP BY subject_id, object_id) r
      JOIN librenku.listing l ON l.project_id = r.object_id;
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

SELECT librenku.listing_rebuild();
