-- SPDX-License-Identifier: Apache-2.0
-- The row of a project in the lists holds all that a list tells of it, but for the slug of the namespace, which would have
-- to be changed in every project of a group: a page reads two tables by key instead of four.

ALTER TABLE librenku.listing
    ADD COLUMN namespace_id text COLLATE "C",
    ADD COLUMN slug text,
    ADD COLUMN name text,
    ADD COLUMN creation_date timestamp with time zone,
    ADD COLUMN created_by_id text,
    ADD COLUMN updated_at timestamp with time zone,
    ADD COLUMN repositories text[],
    ADD COLUMN description text,
    ADD COLUMN keywords text[],
    ADD COLUMN template_id text,
    ADD COLUMN is_template boolean,
    ADD COLUMN secrets_mount_directory text;

CREATE OR REPLACE VIEW librenku.listing_expected AS
SELECT p.id::text COLLATE "C" AS project_id, coalesce(n.group_id, n.id)::text COLLATE "C" AS parent,
       p.visibility = 'public' AS public, coalesce(p.updated_at, p.creation_date) AS sort_key,
       n.id::text COLLATE "C" AS namespace_id, s.slug::text AS slug, p.name::text AS name, p.creation_date,
       p.created_by_id::text AS created_by_id, p.updated_at, coalesce(r.urls, '{}') AS repositories,
       p.description::text AS description, p.keywords::text[] AS keywords, p.template_id::text AS template_id,
       p.is_template, p.secrets_mount_directory::text AS secrets_mount_directory
  FROM projects.projects p
  JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL
  JOIN common.namespaces n ON n.id = s.namespace_id
  LEFT JOIN (SELECT project_id, array_agg(url::text ORDER BY id) AS urls
               FROM projects.projects_repositories
              GROUP BY project_id) r ON r.project_id = p.id;

-- The roles need no more of a project than where it stands.
DROP TRIGGER listing_copy ON librenku.listing;
CREATE TRIGGER listing_copy AFTER UPDATE ON librenku.listing
    FOR EACH ROW WHEN ((OLD.parent, OLD.public, OLD.sort_key) IS DISTINCT FROM (NEW.parent, NEW.public, NEW.sort_key))
    EXECUTE FUNCTION librenku.listing_copied();
CREATE TRIGGER listing_uncopy AFTER DELETE ON librenku.listing
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_copied();

-- A project gets a path, another one, or loses it.
CREATE OR REPLACE FUNCTION librenku.listing_follows_slug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM librenku.listing WHERE project_id = OLD.project_id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO librenku.listing (project_id, parent, public, sort_key, namespace_id, slug, name, creation_date, created_by_id,
                                      updated_at, repositories, description, keywords, template_id, is_template,
                                      secrets_mount_directory)
        SELECT p.id, coalesce(n.group_id, n.id), p.visibility = 'public', coalesce(p.updated_at, p.creation_date), n.id, NEW.slug,
               p.name, p.creation_date, p.created_by_id, p.updated_at,
               ARRAY(SELECT r.url FROM projects.projects_repositories r WHERE r.project_id = p.id ORDER BY r.id),
               p.description, p.keywords, p.template_id, p.is_template, p.secrets_mount_directory
          FROM projects.projects p, common.namespaces n
         WHERE p.id = NEW.project_id AND n.id = NEW.namespace_id;
    ELSE
        UPDATE librenku.listing
           SET parent = (SELECT coalesce(n.group_id, n.id) FROM common.namespaces n WHERE n.id = NEW.namespace_id),
               namespace_id = NEW.namespace_id, slug = NEW.slug
         WHERE project_id = NEW.project_id;
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER librenku_listing_move ON common.entity_slugs;
CREATE TRIGGER librenku_listing_move AFTER UPDATE OF namespace_id, slug ON common.entity_slugs
    FOR EACH ROW WHEN (NEW.project_id IS NOT NULL AND NEW.data_connector_id IS NULL
                       AND (NEW.namespace_id, NEW.slug) IS DISTINCT FROM (OLD.namespace_id, OLD.slug))
    EXECUTE FUNCTION librenku.listing_follows_slug();

-- A project is published, hidden or changed.
CREATE OR REPLACE FUNCTION librenku.listing_follows_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE librenku.listing
       SET public = NEW.visibility = 'public', sort_key = coalesce(NEW.updated_at, NEW.creation_date), name = NEW.name,
           creation_date = NEW.creation_date, created_by_id = NEW.created_by_id, updated_at = NEW.updated_at,
           description = NEW.description, keywords = NEW.keywords, template_id = NEW.template_id,
           is_template = NEW.is_template, secrets_mount_directory = NEW.secrets_mount_directory
     WHERE project_id = NEW.id;
    RETURN NULL;
END $$;

DROP TRIGGER librenku_listing_touch ON projects.projects;
CREATE TRIGGER librenku_listing_touch
    AFTER UPDATE OF visibility, updated_at, creation_date, name, created_by_id, description, keywords, template_id, is_template,
                    secrets_mount_directory
    ON projects.projects
    FOR EACH ROW WHEN (
        (OLD.visibility, OLD.updated_at, OLD.creation_date, OLD.name, OLD.created_by_id, OLD.description, OLD.keywords,
         OLD.template_id, OLD.is_template, OLD.secrets_mount_directory)
        IS DISTINCT FROM
        (NEW.visibility, NEW.updated_at, NEW.creation_date, NEW.name, NEW.created_by_id, NEW.description, NEW.keywords,
         NEW.template_id, NEW.is_template, NEW.secrets_mount_directory))
    EXECUTE FUNCTION librenku.listing_follows_project();

-- A project gains or loses a repository. The row is locked by a statement of its own: who waits for another writer then
-- reads what that one has done. Of several changes of one statement the first finds them all.
CREATE FUNCTION librenku.listing_read_repositories(changed text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    urls text[];
BEGIN
    PERFORM FROM librenku.listing WHERE project_id = changed FOR UPDATE;
    urls := ARRAY(SELECT r.url FROM projects.projects_repositories r WHERE r.project_id = changed ORDER BY r.id);
    UPDATE librenku.listing SET repositories = urls WHERE project_id = changed AND repositories <> urls;
END $$;

CREATE FUNCTION librenku.listing_follows_repository() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM librenku.listing_read_repositories(OLD.project_id);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM librenku.listing_read_repositories(NEW.project_id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER librenku_listing_repository AFTER INSERT OR UPDATE OR DELETE ON projects.projects_repositories
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_follows_repository();

SELECT librenku.listing_rebuild();
ALTER TABLE librenku.listing
    ALTER COLUMN namespace_id SET NOT NULL,
    ALTER COLUMN slug SET NOT NULL,
    ALTER COLUMN name SET NOT NULL,
    ALTER COLUMN creation_date SET NOT NULL,
    ALTER COLUMN created_by_id SET NOT NULL,
    ALTER COLUMN repositories SET NOT NULL,
    ALTER COLUMN is_template SET NOT NULL,
    ALTER COLUMN secrets_mount_directory SET NOT NULL;
