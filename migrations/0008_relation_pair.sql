-- SPDX-License-Identifier: Apache-2.0
-- Several relations between known objects and subjects are one scan of one index, whatever the planner thinks of their
-- number. Ids of objects have no blanks, so a pair reads in one way only.

CREATE INDEX relation_pair ON librenku.relation ((object_id || ' ' || subject_id));
ANALYZE librenku.relation;
