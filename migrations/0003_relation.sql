-- SPDX-License-Identifier: Apache-2.0
-- Relationships: who has which relation to what. The letters stand in librenku/authz/storage.tbl.
--
-- Every probe of a check names all columns before the first one that it leaves open, so its cost does not depend on
-- how many members an object has or how many objects a user. Rows that lead from object to object are few and stand
-- in an index of their own.

CREATE TABLE librenku.relation (
    object_type "char" NOT NULL,
    object_id text COLLATE "C" NOT NULL,
    relation "char" NOT NULL,
    subject_type "char" NOT NULL,
    subject_id text COLLATE "C" NOT NULL,
    CONSTRAINT relation_pkey PRIMARY KEY (object_id, object_type, subject_id, relation, subject_type)
);

CREATE INDEX relation_subject ON librenku.relation (subject_id, object_type, object_id, relation, subject_type);
CREATE INDEX relation_arrow ON librenku.relation (object_id, object_type, relation, subject_type, subject_id)
    WHERE subject_type <> 'u' AND subject_type <> 'a';

-- Every registered user may create projects and groups.
INSERT INTO librenku.relation (object_type, object_id, relation, subject_type, subject_id)
VALUES ('L', 'renku', 'P', 'u', '*'),
       ('L', 'renku', 'G', 'u', '*');
