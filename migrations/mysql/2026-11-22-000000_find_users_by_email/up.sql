-- MySQL commits at every CREATE INDEX and knows no IF NOT EXISTS for it: a start that finishes an interrupted one asks
-- first. Addresses have at most 255 characters.
SET @users_email = (
    SELECT IF(COUNT(*) = 0, 'CREATE INDEX users_email ON users (email(255))', 'DO 0')
    FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'users' AND index_name = 'users_email'
);
PREPARE users_email FROM @users_email;
EXECUTE users_email;
DEALLOCATE PREPARE users_email;
