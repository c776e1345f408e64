-- SPDX-License-Identifier: Apache-2.0
-- What makes a page of a list cost the page: a narrow copy of what the order and the visibility of projects depend on,
-- and running totals. Kept by triggers, so whatever changes the rows keeps it right. `renku db verify` rebuilds it.
--
--   listing         one row per project that has a path: its parent (the id of the group, or of the user namespace),
--                   whether it is public, and its place in the order
--   listing_member  one row per user with a direct role on a project, with the same three copied in
--   listing_total   changes of totals, public and private apart; the total of a scope is their sum. Rows are only
--                   added, and folded now and then, so that writers never wait for one another.
--                   Scopes: '*' all projects; 'p:' parent; 'u:' user, direct roles; 'u:' user ':' parent, of those the
--                   ones in that parent; 'groups' all groups

CREATE TABLE librenku.listing (
    project_id text COLLATE "C" NOT NULL,
    parent text COLLATE "C" NOT NULL,
    public boolean NOT NULL,
    sort_key timestamp with time zone NOT NULL,
    CONSTRAINT listing_pkey PRIMARY KEY (project_id)
);

CREATE INDEX listing_public ON librenku.listing (sort_key DESC, project_id) WHERE public;
CREATE INDEX listing_private ON librenku.listing (sort_key DESC, project_id) WHERE NOT public;
CREATE INDEX listing_parent_public ON librenku.listing (parent, sort_key DESC, project_id) WHERE public;
CREATE INDEX listing_parent_private ON librenku.listing (parent, sort_key DESC, project_id) WHERE NOT public;

CREATE TABLE librenku.listing_member (
    user_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    parent text COLLATE "C" NOT NULL,
    public boolean NOT NULL,
    sort_key timestamp with time zone NOT NULL,
    CONSTRAINT listing_member_pkey PRIMARY KEY (user_id, project_id)
);

CREATE INDEX listing_member_user ON librenku.listing_member (user_id, sort_key DESC, project_id);
CREATE INDEX listing_member_parent ON librenku.listing_member (user_id, parent, sort_key DESC, project_id);
CREATE INDEX listing_member_project ON librenku.listing_member (project_id);

CREATE TABLE librenku.listing_total (
    scope text COLLATE "C" NOT NULL,
    public bigint NOT NULL,
    private bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.2);

CREATE INDEX listing_total_scope ON librenku.listing_total (scope) INCLUDE (public, private);

-- Replaces the rows of a scope that nobody else is folding by their sum.
CREATE FUNCTION librenku.listing_fold(folded text) RETURNS void LANGUAGE sql AS $$
    WITH old AS (
        DELETE FROM librenku.listing_total
         WHERE ctid = ANY (ARRAY(SELECT ctid FROM librenku.listing_total WHERE scope = folded FOR UPDATE SKIP LOCKED))
        RETURNING public, private)
    INSERT INTO librenku.listing_total
    SELECT folded, sum(public), sum(private) FROM old HAVING count(*) > 0
$$;

-- Adds to the totals of two scopes; one time in 32 it folds them.
CREATE FUNCTION librenku.listing_add(one text, other text, is_public boolean, change bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO librenku.listing_total
    SELECT scope, CASE WHEN is_public THEN change ELSE 0 END, CASE WHEN is_public THEN 0 ELSE change END
      FROM (VALUES (one), (other)) AS scopes (scope);
    IF random() < 1.0 / 32 THEN
        PERFORM librenku.listing_fold(one);
        PERFORM librenku.listing_fold(other);
    END IF;
END $$;

CREATE FUNCTION librenku.listing_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM librenku.listing_add('*', 'p:' || OLD.parent, OLD.public, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM librenku.listing_add('*', 'p:' || NEW.parent, NEW.public, 1);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION librenku.listing_member_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM librenku.listing_add('u:' || OLD.user_id, 'u:' || OLD.user_id || ':' || OLD.parent, OLD.public, -1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM librenku.listing_add('u:' || NEW.user_id, 'u:' || NEW.user_id || ':' || NEW.parent, NEW.public, 1);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER listing_count AFTER INSERT OR DELETE ON librenku.listing
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_counted();
CREATE TRIGGER listing_recount AFTER UPDATE ON librenku.listing
    FOR EACH ROW WHEN ((OLD.parent, OLD.public) IS DISTINCT FROM (NEW.parent, NEW.public))
    EXECUTE FUNCTION librenku.listing_counted();
CREATE TRIGGER listing_member_count AFTER INSERT OR DELETE ON librenku.listing_member
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_member_counted();
CREATE TRIGGER listing_member_recount AFTER UPDATE ON librenku.listing_member
    FOR EACH ROW WHEN ((OLD.parent, OLD.public) IS DISTINCT FROM (NEW.parent, NEW.public))
    EXECUTE FUNCTION librenku.listing_member_counted();

-- The copies in listing_member follow listing.
CREATE FUNCTION librenku.listing_copied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM librenku.listing_member WHERE project_id = OLD.project_id;
    ELSE
        UPDATE librenku.listing_member
           SET parent = NEW.parent, public = NEW.public, sort_key = NEW.sort_key
         WHERE project_id = NEW.project_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER listing_copy AFTER UPDATE OR DELETE ON librenku.listing
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_copied();

-- A project gets a path, moves, or loses it.
CREATE FUNCTION librenku.listing_follows_slug() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM librenku.listing WHERE project_id = OLD.project_id;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO librenku.listing
        SELECT p.id, coalesce(n.group_id, n.id), p.visibility = 'public', coalesce(p.updated_at, p.creation_date)
          FROM projects.projects p, common.namespaces n
         WHERE p.id = NEW.project_id AND n.id = NEW.namespace_id;
    ELSE
        UPDATE librenku.listing
           SET parent = (SELECT coalesce(n.group_id, n.id) FROM common.namespaces n WHERE n.id = NEW.namespace_id)
         WHERE project_id = NEW.project_id;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER librenku_listing_add AFTER INSERT ON common.entity_slugs
    FOR EACH ROW WHEN (NEW.project_id IS NOT NULL AND NEW.data_connector_id IS NULL)
    EXECUTE FUNCTION librenku.listing_follows_slug();
CREATE TRIGGER librenku_listing_move AFTER UPDATE OF namespace_id ON common.entity_slugs
    FOR EACH ROW WHEN (NEW.project_id IS NOT NULL AND NEW.data_connector_id IS NULL
                       AND NEW.namespace_id IS DISTINCT FROM OLD.namespace_id)
    EXECUTE FUNCTION librenku.listing_follows_slug();
CREATE TRIGGER librenku_listing_drop AFTER DELETE ON common.entity_slugs
    FOR EACH ROW WHEN (OLD.project_id IS NOT NULL AND OLD.data_connector_id IS NULL)
    EXECUTE FUNCTION librenku.listing_follows_slug();

-- A project is published, hidden or touched.
CREATE FUNCTION librenku.listing_follows_project() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE librenku.listing
       SET public = NEW.visibility = 'public', sort_key = coalesce(NEW.updated_at, NEW.creation_date)
     WHERE project_id = NEW.id;
    RETURN NULL;
END $$;

CREATE TRIGGER librenku_listing_touch AFTER UPDATE OF visibility, updated_at, creation_date ON projects.projects
    FOR EACH ROW WHEN ((OLD.visibility, OLD.updated_at, OLD.creation_date)
                       IS DISTINCT FROM (NEW.visibility, NEW.updated_at, NEW.creation_date))
    EXECUTE FUNCTION librenku.listing_follows_project();

-- Somebody gains or loses a direct role. FOR SHARE: a concurrent change of the project waits, or is waited for,
-- instead of passing unseen.
CREATE FUNCTION librenku.listing_follows_role() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO librenku.listing_member
        SELECT NEW.subject_id, l.project_id, l.parent, l.public, l.sort_key
          FROM librenku.listing l
         WHERE l.project_id = NEW.object_id
           FOR SHARE
        ON CONFLICT DO NOTHING;
    ELSE
        DELETE FROM librenku.listing_member m
         WHERE m.user_id = OLD.subject_id AND m.project_id = OLD.object_id
           AND NOT EXISTS (SELECT
                             FROM librenku.relation r
                            WHERE r.object_id = OLD.object_id AND r.object_type = 'p'
                              AND r.relation IN ('o', 'e', 'v')
                              AND r.subject_id = OLD.subject_id AND r.subject_type = 'u');
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER listing_gain AFTER INSERT ON librenku.relation
    FOR EACH ROW WHEN (NEW.object_type = 'p' AND NEW.relation IN ('o', 'e', 'v') AND NEW.subject_type = 'u')
    EXECUTE FUNCTION librenku.listing_follows_role();
CREATE TRIGGER listing_lose AFTER DELETE ON librenku.relation
    FOR EACH ROW WHEN (OLD.object_type = 'p' AND OLD.relation IN ('o', 'e', 'v') AND OLD.subject_type = 'u')
    EXECUTE FUNCTION librenku.listing_follows_role();

-- The number of groups.
CREATE FUNCTION librenku.listing_follows_group() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO librenku.listing_total VALUES ('groups', CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END, 0);
    IF random() < 1.0 / 32 THEN
        PERFORM librenku.listing_fold('groups');
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER librenku_listing_groups AFTER INSERT OR DELETE ON common.groups
    FOR EACH ROW EXECUTE FUNCTION librenku.listing_follows_group();

-- What the three tables should hold, computed from the rows and the relationships.
CREATE VIEW librenku.listing_expected AS
SELECT p.id::text COLLATE "C" AS project_id, coalesce(n.group_id, n.id)::text COLLATE "C" AS parent,
       p.visibility = 'public' AS public, coalesce(p.updated_at, p.creation_date) AS sort_key
  FROM projects.projects p
  JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL
  JOIN common.namespaces n ON n.id = s.namespace_id;

CREATE VIEW librenku.listing_member_expected AS
SELECT DISTINCT r.subject_id AS user_id, l.project_id, l.parent, l.public, l.sort_key
  FROM librenku.relation r
  JOIN librenku.listing_expected l ON l.project_id = r.object_id
 WHERE r.object_type = 'p' AND r.relation IN ('o', 'e', 'v') AND r.subject_type = 'u';

CREATE VIEW librenku.listing_total_expected AS
SELECT scope COLLATE "C" AS scope, count(*) FILTER (WHERE public) AS public, count(*) FILTER (WHERE NOT public) AS private
  FROM (SELECT '*' AS scope, public FROM librenku.listing_expected
        UNION ALL SELECT 'p:' || parent, public FROM librenku.listing_expected
        UNION ALL SELECT 'u:' || user_id, public FROM librenku.listing_member_expected
        UNION ALL SELECT 'u:' || user_id || ':' || parent, public FROM librenku.listing_member_expected
        UNION ALL SELECT 'groups', true FROM common.groups) AS counted
 GROUP BY scope;

-- Makes the projection anew, each table from the one before: faster than the views. Changes of projects and roles wait
-- meanwhile.
CREATE FUNCTION librenku.listing_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE common.groups, common.namespaces, projects.projects, common.entity_slugs, librenku.relation IN SHARE ROW EXCLUSIVE MODE;
    TRUNCATE librenku.listing, librenku.listing_member, librenku.listing_total;
    ALTER TABLE librenku.listing DISABLE TRIGGER USER;
    ALTER TABLE librenku.listing_member DISABLE TRIGGER USER;
    INSERT INTO librenku.listing SELECT * FROM librenku.listing_expected;
    INSERT INTO librenku.listing_member
    SELECT r.subject_id, l.*
      FROM (SELECT DISTINCT subject_id, object_id
              FROM librenku.relation
             WHERE object_type = 'p' AND relation IN ('o', 'e', 'v') AND subject_type = 'u') r
      JOIN librenku.listing l ON l.project_id = r.object_id;
    INSERT INTO librenku.listing_total
    SELECT scope, count(*) FILTER (WHERE public), count(*) FILTER (WHERE NOT public)
      FROM (SELECT '*' AS scope, public FROM librenku.listing
            UNION ALL SELECT 'p:' || parent, public FROM librenku.listing
            UNION ALL SELECT 'u:' || user_id, public FROM librenku.listing_member
            UNION ALL SELECT 'u:' || user_id || ':' || parent, public FROM librenku.listing_member
            UNION ALL SELECT 'groups', true FROM common.groups) AS counted
     GROUP BY scope;
    ALTER TABLE librenku.listing ENABLE TRIGGER USER;
    ALTER TABLE librenku.listing_member ENABLE TRIGGER USER;
END $$;

SELECT librenku.listing_rebuild();
