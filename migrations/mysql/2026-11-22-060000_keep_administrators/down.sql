DROP TABLE administration;
DROP INDEX users_role ON users;
