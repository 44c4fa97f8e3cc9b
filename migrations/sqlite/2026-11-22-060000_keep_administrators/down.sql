DROP TABLE administration;
DROP INDEX users_role;
