-- Django's tables as its migrations make them on MySQL and MariaDB, with the rows of sqlite.sql. User names differ by case here,
-- so the collation is a binary one.
SET NAMES utf8mb4;
CREATE TABLE auth_user (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  password varchar(128) NOT NULL,
  last_login datetime(6) DEFAULT NULL,
  is_superuser tinyint(1) NOT NULL,
  username varchar(150) NOT NULL UNIQUE,
  first_name varchar(150) NOT NULL,
  last_name varchar(150) NOT NULL,
  email varchar(254) NOT NULL,
  is_staff tinyint(1) NOT NULL,
  is_active tinyint(1) NOT NULL,
  date_joined datetime(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE auth_group (
  id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name varchar(150) NOT NULL UNIQUE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE auth_user_groups (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user_id int NOT NULL,
  group_id int NOT NULL,
  UNIQUE KEY (user_id, group_id),
  FOREIGN KEY (group_id) REFERENCES auth_group (id),
  FOREIGN KEY (user_id) REFERENCES auth_user (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE TABLE authtoken_token (
  `key` varchar(40) NOT NULL PRIMARY KEY,
  created datetime(6) NOT NULL,
  user_id int NOT NULL UNIQUE,
  FOREIGN KEY (user_id) REFERENCES auth_user (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (1, 'pbkdf2_sha256$1000000$qSTmpYfHulX6PDqwjr4NyI$3QPm/co/s1NAwiQMm4b8eDQmn5weY+tCpDbIgy4ei8E=', '2024-05-01 06:07:08', 0, 'fx_pbkdf2', '', '', 'fx_pbkdf2@example.com', 0, 1, '2021-01-01 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (2, 'pbkdf2_sha256$260000$oldsaltoldsalt$LDKTSlOblMjzFVwQ0A8FnyFWl7xXx9fy2rMgniNM5xU=', '2024-05-02 06:07:08', 0, 'fx_pbkdf2_old', '', '', 'fx_old@example.com', 0, 1, '2021-01-02 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (3, 'pbkdf2_sha1$1000000$FkP9yVlrDfLImj83V95GFK$yvDs2K71DTmEnKRYaYqguSeN6ak=', NULL, 0, 'fx_pbkdf2_sha1', '', '', 'fx_sha1@example.com', 0, 1, '2021-01-03 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (4, 'argon2$argon2id$v=19$m=102400,t=2,p=8$elhJUk5CZHlHVGptNzdxaVo4Tldrcw$pezhYE/VEqBqEy6ftwxuPTNcA5ZJOiNs07wsPS+RJ7o', '2024-05-04 06:07:08', 0, 'fx_argon2', '', '', 'fx_argon2@example.com', 0, 1, '2021-01-04 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (5, 'bcrypt_sha256$$2b$12$KH.hBSiz2j2QtwvQzqmwsuojFn.u3GCcxCsv.nZlYXaWLuzx6jbPi', '2024-05-05 06:07:08', 0, 'fx_bcrypt_sha256', '', '', 'fx_bs@example.com', 0, 1, '2021-01-05 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (6, 'bcrypt_sha256$$2b$12$PbK3gRwhjZ49dw5K3w6qP.4WFldgzPOqxE7TcQbIkdZgIqeUOYaPi', NULL, 0, 'fx_bcrypt_sha256_long', '', '', 'fx_bsl@example.com', 0, 1, '2021-01-06 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (7, 'bcrypt$$2b$12$khMg0O6X67MJgJpKnhp9pueNvIzrFT5TXtjbLuujJGL9UOsP2GUjG', '2024-05-07 06:07:08', 0, 'fx_bcrypt', '', '', 'fx_bcrypt@example.com', 0, 1, '2021-01-07 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (8, 'scrypt$16384$35l02H8FuIkKZXhff0rekN$8$5$FcUaxdGhAOqNKfG3sRGmnqk8n+TX6EyInPP4lHuhKE62pB2t0D1wn+TFNPo4D8wxymOYWSZVuTcCY99K/Wpwfw==', '2024-05-08 06:07:08', 0, 'fx_scrypt', '', '', 'fx_scrypt@example.com', 0, 1, '2021-01-08 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (9, 'md5$QURmbVWfSWcLXMYG8JeoQq$19011315d15e4622efeff2e8ed2933bd', NULL, 0, 'fx_md5', '', '', 'fx_md5@example.com', 0, 1, '2021-01-09 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (10, '!UXMmV4uKpPBLnhESospvMOJRjTvYILqmXzJhyHvU', '2024-05-10 06:07:08', 0, 'fx_unusable', '', '', 'fx_unusable@example.com', 0, 1, '2021-01-10 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (11, '', '2024-05-11 06:07:08', 0, 'fx_empty_hash', '', '', 'fx_empty@example.com', 0, 1, '2021-01-11 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (12, 'pbkdf2_sha256$1000000$PQRGbyBDzyn3s6LsnLyMQy$spqjvWsRHxorhRmM0Q0VVUMUVUOdKIuFusx5SX1w94s=', NULL, 0, 'fx_inactive', '', '', 'fx_inactive@example.com', 0, 0, '2021-01-12 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (13, 'pbkdf2_sha256$1000000$risguvuHkc2eWTJolrxZD2$IPIg8BYNYftD1+lk0oHluQO1kk6/6IHGslqAf77S5jg=', '2024-05-13 06:07:08', 0, 'fx_staff', '', '', 'fx_staff@example.com', 1, 1, '2021-01-13 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (14, 'argon2$argon2id$v=19$m=102400,t=2,p=8$dFdGOXk4SXA0eTlFME9jQ3p0TTdERg$JWk2iMmTpO5a7mHbnku5sFLIUZGcpDwPrCWqpq34nWo', '2024-05-14 06:07:08', 1, 'fx_super', '', '', 'fx_super@example.com', 1, 1, '2021-01-14 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (15, 'pbkdf2_sha256$1000000$ZvK0ZGA4E9AsisqRgLnSba$V8a/JH8IfUNs4Ok1Wrl2gjYhCHJK3u0wVoIVYOumzqI=', NULL, 0, 'Мария.ё', 'Мария', 'Ё''Нил', 'maria@пример.рф', 0, 1, '2021-01-15 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (16, 'pbkdf2_sha256$1000000$fW0dHiNTXxdwNmj4165h4d$vRZxdhhsbmTLIqVHp/57qYcPQlW/DBBhC5R7rwWP10Q=', '2024-05-16 06:07:08', 0, 'fx_dup1', '', '', 'fx_dup@example.com', 0, 1, '2021-01-16 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (17, 'pbkdf2_sha256$1000000$ZRPHyKKEDewzH5lVyGWHqB$azzfGgxZyhi1O84X97U0937hnNgmPEMZzLPixYtvTj0=', '2024-05-17 06:07:08', 0, 'fx_dup2', '', '', 'fx_dup@example.com', 0, 1, '2021-01-17 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (18, 'pbkdf2_sha256$1000000$qFcMMSr4ndsSqurpTOLDnF$br1wK3iYWu6qpTL4QKO+p3fepyepjyCT7QK4aFi1324=', NULL, 0, 'fx_case', '', '', '', 0, 1, '2021-01-18 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (19, 'pbkdf2_sha256$1000000$CvzNfRUhAHDKIRXlhPVQtp$+AkMwvdZVKnq228VKV6DR8X4mVOj9PI5sm69n8GWI08=', '2024-05-19 06:07:08', 0, 'FX_CASE', '', '', '', 0, 1, '2021-01-19 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (20, 'pbkdf2_sha256$1000000$Djjkl1JyO2orbMk47BGhwB$JUsBWS2NvNZGsPUExeB4C4KgUgzC5Py+YWoRMp7MT04=', '2024-05-20 06:07:08', 0, 'fx_padded', '', '', 'fx_padded@example.com', 0, 1, '2021-01-20 12:30:15.123456');
INSERT INTO auth_user (id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined) VALUES (21, 'argon2$argon2id$v=19$m=102400,t=2,p=8$QTBMOWpWWGZhQ3o3VktvMHBLUjk0MQ$JGTArUwS6EENH6TWDbs4QJKVPuR8641wmaF6H2jUuCY', NULL, 0, 'fx_dollar', '', '', 'fx_dollar@example.com', 0, 1, '2021-01-21 12:30:15.123456');
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f101010101010101010101010101010101010101', '2023-02-01 01:02:03.456789', 1);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f102020202020202020202020202020202020202', '2023-02-02 01:02:03.456789', 2);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f103030303030303030303030303030303030303', '2023-02-03 01:02:03.456789', 3);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f104040404040404040404040404040404040404', '2023-02-04 01:02:03.456789', 4);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f105050505050505050505050505050505050505', '2023-02-05 01:02:03.456789', 5);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f107070707070707070707070707070707070707', '2023-02-07 01:02:03.456789', 7);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f108080808080808080808080808080808080808', '2023-02-08 01:02:03.456789', 8);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f1100a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', '2023-02-10 01:02:03.456789', 10);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f1120c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', '2023-02-12 01:02:03.456789', 12);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f1130d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', '2023-02-13 01:02:03.456789', 13);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f1140e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e0e', '2023-02-14 01:02:03.456789', 14);
INSERT INTO authtoken_token (`key`, created, user_id) VALUES ('f1150f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f', '2023-02-15 01:02:03.456789', 15);
