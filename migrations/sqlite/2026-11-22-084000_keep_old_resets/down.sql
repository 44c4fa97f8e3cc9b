DROP TABLE old_resets;
