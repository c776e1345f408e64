-- SPDX-License-Identifier: Apache-2.0
-- What is added to the list of projects is counted by the statement that adds it, without further triggers: those count
-- what changes and what goes.

DROP TRIGGER listing_count ON librenku.listing;
CREATE TRIGGER listing_count AFTER DELETE ON librenku.listing
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_counted();
DROP TRIGGER listing_member_count ON librenku.listing_member;
CREATE TRIGGER listing_member_count AFTER DELETE ON librenku.listing_member
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_member_counted();

-- A project moves, or loses its path.
CREATE OR REPLACE FUNCTION librenku.listing_follows_slug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM librenku.listing WHERE project_id = OLD.project_id;
    ELSE
        UPDATE librenku.listing
           SET parent = (SELECT coalesce(n.group_id, n.id) FROM common.namespaces n WHERE n.id = NEW.namespace_id),
               namespace_id = NEW.namespace_id, slug = NEW.slug
         WHERE project_id = NEW.project_id;
    END IF;
    RETURN NULL;
END $$;

-- It gets one. One time in 32 the totals are folded.
CREATE FUNCTION librenku.listing_gains_path() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH added AS (
        INSERT INTO librenku.listing (project_id, parent, public, sort_key, namespace_id, slug, name, creation_date,
                                      created_by_id, updated_at, repositories, description, keywords, template_id, is_template,
                                      secrets_mount_directory)
        SELECT p.id, coalesce(n.group_id, n.id), p.visibility = 'public', coalesce(p.updated_at, p.creation_date), n.id, NEW.slug,
               p.name, p.creation_date, p.created_by_id, p.updated_at,
               ARRAY(SELECT r.url FROM projects.projects_repositories r WHERE r.project_id = p.id ORDER BY r.id),
               p.description, p.keywords, p.template_id, p.is_template, p.secrets_mount_directory
          FROM projects.projects p, common.namespaces n
         WHERE p.id = NEW.project_id AND n.id = NEW.namespace_id
        RETURNING parent, public)
    INSERT INTO librenku.listing_total (scope, public, private)
    SELECT v.scope, a.public::int, 1 - a.public::int
      FROM added a, LATERAL (VALUES ('*'), ('p:' || a.parent)) v (scope);
    IF random() < 1.0 / 32 THEN
        PERFORM librenku.listing_fold('*');
        PERFORM librenku.listing_fold('p:' || l.parent) FROM librenku.listing l WHERE l.project_id = NEW.project_id;
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER librenku_listing_add ON common.entity_slugs;
CREATE TRIGGER librenku_listing_add AFTER INSERT ON common.entity_slugs
    FOR EACH ROW WHEN (NEW.project_id IS NOT NULL AND NEW.data_connector_id IS NULL)
    EXECUTE FUNCTION librenku.listing_gains_path();

-- Somebody loses a direct role; of several that are left the strongest counts.
CREATE OR REPLACE FUNCTION librenku.listing_follows_role() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept "char";
BEGIN
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

-- Somebody gains one; of several the strongest counts. FOR SHARE: a concurrent change of the project waits,
-- or is waited for, instead of passing unseen. One time in 32 the totals are folded.
CREATE FUNCTION librenku.listing_gains_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH added AS (
        INSERT INTO librenku.listing_member (user_id, project_id, parent, public, sort_key, role)
        SELECT NEW.subject_id, l.project_id, l.parent, l.public, l.sort_key, NEW.relation
          FROM librenku.listing l
         WHERE l.project_id = NEW.object_id
           FOR SHARE
        ON CONFLICT (user_id, project_id) DO NOTHING
        RETURNING user_id, parent, public, role)
    INSERT INTO librenku.listing_total (scope, public, private, owners, editors)
    SELECT v.scope, a.public::int, 1 - a.public::int, (a.role = 'o')::int, (a.role = 'e')::int
      FROM added a, LATERAL (VALUES ('u:' || a.user_id), ('u:' || a.user_id || ':' || a.parent)) v (scope);
    IF NOT FOUND THEN
        UPDATE librenku.listing_member m
           SET role = NEW.relation
         WHERE m.user_id = NEW.subject_id AND m.project_id = NEW.object_id
           AND strpos('oev', NEW.relation::text) < strpos('oev', m.role::text);
    ELSIF random() < 1.0 / 32 THEN
        PERFORM librenku.listing_fold('u:' || NEW.subject_id);
        PERFORM librenku.listing_fold('u:' || NEW.subject_id || ':' || l.parent)
           FROM librenku.listing l WHERE l.project_id = NEW.object_id;
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER listing_gain ON librenku.relation;
CREATE TRIGGER listing_gain AFTER INSERT ON librenku.relation
    FOR EACH ROW WHEN (NEW.object_type = 'p' AND NEW.relation IN ('o', 'e', 'v') AND NEW.subject_type = 'u')
    EXECUTE FUNCTION librenku.listing_gains_role();
