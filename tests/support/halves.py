# SPDX-License-Identifier: Apache-2.0
"""What must hold in any state of a database: nothing is half there."""

from support.database import Rows

HALF_THINGS = {
    "project without slug": """
        SELECT id FROM projects.projects p WHERE NOT EXISTS (
            SELECT FROM common.entity_slugs s
             WHERE s.project_id = p.id AND s.data_connector_id IS NULL)""",
    "slug without project or connector": """
        SELECT id::text FROM common.entity_slugs
         WHERE project_id IS NULL AND data_connector_id IS NULL""",
    "group without namespace": """
        SELECT id FROM common.groups g
         WHERE NOT EXISTS (SELECT FROM common.namespaces n WHERE n.group_id = g.id)""",
    "user without namespace": """
        SELECT keycloak_id FROM users.users u
         WHERE NOT EXISTS (SELECT FROM common.namespaces n WHERE n.user_id = u.keycloak_id)""",
    "user or group with two namespaces": """
        SELECT coalesce(user_id, group_id) FROM common.namespaces GROUP BY 1 HAVING count(*) > 1""",
    "project without owner": """
        SELECT id FROM projects.projects p WHERE NOT EXISTS (
            SELECT FROM librenku.relation r
             WHERE r.object_type = 'p' AND r.object_id = p.id AND r.relation = 'o')""",
    "project without platform": """
        SELECT id FROM projects.projects p WHERE NOT EXISTS (
            SELECT FROM librenku.relation r WHERE r.object_type = 'p' AND r.object_id = p.id
               AND r.relation = 'L' AND r.subject_type = 'L' AND r.subject_id = 'renku')""",
    "project whose namespace is not that of its slug": """
        SELECT p.id FROM projects.projects p
          JOIN common.entity_slugs s ON s.project_id = p.id AND s.data_connector_id IS NULL
          JOIN common.namespaces n ON n.id = s.namespace_id
         WHERE (SELECT array_agg(r.subject_type::text || r.subject_id) FROM librenku.relation r
                 WHERE r.object_type = 'p' AND r.object_id = p.id AND r.relation = 'N')
               IS DISTINCT FROM
               ARRAY[CASE WHEN n.group_id IS NULL THEN 'n' || n.id ELSE 'g' || n.group_id END]""",
    "project whose wildcards are not its visibility": """
        SELECT p.id FROM projects.projects p
         WHERE (SELECT count(*) FROM librenku.relation r
                 WHERE r.object_type = 'p' AND r.object_id = p.id AND r.relation = 'w')
               <> CASE WHEN p.visibility = 'public' THEN 2 ELSE 0 END""",
    "group without owner": """
        SELECT id FROM common.groups g WHERE NOT EXISTS (
            SELECT FROM librenku.relation r
             WHERE r.object_type = 'g' AND r.object_id = g.id AND r.relation = 'o')""",
    "group that is not public": """
        SELECT id FROM common.groups g WHERE (
            SELECT count(*) FROM librenku.relation r
             WHERE r.object_type = 'g' AND r.object_id = g.id AND r.relation = 'w') <> 2""",
    "user namespace without owner": """
        SELECT id FROM common.namespaces n WHERE user_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM librenku.relation r WHERE r.object_type = 'n' AND r.object_id = n.id
               AND r.relation = 'o' AND r.subject_type = 'u' AND r.subject_id = n.user_id)""",
    "relationship of a missing project": """
        SELECT object_id FROM librenku.relation
         WHERE object_type = 'p'
           AND NOT EXISTS (SELECT FROM projects.projects p WHERE p.id = object_id)""",
    "relationship of a missing group": """
        SELECT object_id FROM librenku.relation
         WHERE object_type = 'g'
           AND NOT EXISTS (SELECT FROM common.groups g WHERE g.id = object_id)""",
    "relationship of a missing namespace": """
        SELECT object_id FROM librenku.relation
         WHERE object_type = 'n'
           AND NOT EXISTS (SELECT FROM common.namespaces n WHERE n.id = object_id)""",
    "user with two roles": """
        SELECT object_id FROM librenku.relation
         WHERE object_type IN ('p', 'g') AND relation IN ('o', 'e', 'v') AND subject_type = 'u'
         GROUP BY object_type, object_id, subject_id HAVING count(*) > 1""",
}


def half_things(rows: Rows) -> dict[str, list]:
    found = {name: rows.all(query) for name, query in HALF_THINGS.items()}
    return {name: items[:3] for name, items in found.items() if items}
