SET FOREIGN_KEY_CHECKS = 0;
CREATE TABLE `auth_group` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(150) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `name` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `auth_group_permissions` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `group_id` int(11) NOT NULL,
  `permission_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_group_permissions_group_id_permission_id_0cd325b0_uniq` (`group_id`,`permission_id`),
  KEY `auth_group_permissio_permission_id_84c5c92e_fk_auth_perm` (`permission_id`),
  CONSTRAINT `auth_group_permissio_permission_id_84c5c92e_fk_auth_perm` FOREIGN KEY (`permission_id`) REFERENCES `auth_permission` (`id`),
  CONSTRAINT `auth_group_permissions_group_id_b120cbf9_fk_auth_group_id` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `auth_permission` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `name` varchar(255) NOT NULL,
  `content_type_id` int(11) NOT NULL,
  `codename` varchar(100) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_permission_content_type_id_codename_01ab375a_uniq` (`content_type_id`,`codename`),
  CONSTRAINT `auth_permission_content_type_id_2f476e4b_fk_django_co` FOREIGN KEY (`content_type_id`) REFERENCES `django_content_type` (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=21 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `auth_permission` VALUES (1,'Can add permission',1,'add_permission');
INSERT INTO `auth_permission` VALUES (2,'Can change permission',1,'change_permission');
INSERT INTO `auth_permission` VALUES (3,'Can delete permission',1,'delete_permission');
INSERT INTO `auth_permission` VALUES (4,'Can view permission',1,'view_permission');
INSERT INTO `auth_permission` VALUES (5,'Can add group',2,'add_group');
INSERT INTO `auth_permission` VALUES (6,'Can change group',2,'change_group');
INSERT INTO `auth_permission` VALUES (7,'Can delete group',2,'delete_group');
INSERT INTO `auth_permission` VALUES (8,'Can view group',2,'view_group');
INSERT INTO `auth_permission` VALUES (9,'Can add user',3,'add_user');
INSERT INTO `auth_permission` VALUES (10,'Can change user',3,'change_user');
INSERT INTO `auth_permission` VALUES (11,'Can delete user',3,'delete_user');
INSERT INTO `auth_permission` VALUES (12,'Can view user',3,'view_user');
INSERT INTO `auth_permission` VALUES (13,'Can add content type',4,'add_contenttype');
INSERT INTO `auth_permission` VALUES (14,'Can change content type',4,'change_contenttype');
INSERT INTO `auth_permission` VALUES (15,'Can delete content type',4,'delete_contenttype');
INSERT INTO `auth_permission` VALUES (16,'Can view content type',4,'view_contenttype');
INSERT INTO `auth_permission` VALUES (17,'Can add auth token',5,'add_authtoken');
INSERT INTO `auth_permission` VALUES (18,'Can change auth token',5,'change_authtoken');
INSERT INTO `auth_permission` VALUES (19,'Can delete auth token',5,'delete_authtoken');
INSERT INTO `auth_permission` VALUES (20,'Can view auth token',5,'view_authtoken');
CREATE TABLE `auth_user` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `password` varchar(128) NOT NULL,
  `last_login` datetime(6) DEFAULT NULL,
  `is_superuser` tinyint(1) NOT NULL,
  `username` varchar(150) NOT NULL,
  `first_name` varchar(150) NOT NULL,
  `last_name` varchar(150) NOT NULL,
  `email` varchar(254) NOT NULL,
  `is_staff` tinyint(1) NOT NULL,
  `is_active` tinyint(1) NOT NULL,
  `date_joined` datetime(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `username` (`username`)
) ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `auth_user` VALUES (1,'md5$xSCm4f03ZKpkXGedVXKwkb$89824bdf7effccaa9f816c8f8c686194',NULL,0,'ann','','','ann@example.com',0,1,'2026-11-22 11:52:30.596000');
INSERT INTO `auth_user` VALUES (2,'md5$NiNCjXbskIdg3OpWaQYEzE$fbf53b03eff677387b97751d0d2261f2',NULL,0,'bob','','','bob@example.com',0,1,'2026-11-22 11:52:30.614000');
INSERT INTO `auth_user` VALUES (3,'md5$dNWYxPz01S5jikJYw6ZtEC$9582a95e8414f8ffc2bd46ac4f66d1ab',NULL,0,'cleo','','','cleo@example.com',0,1,'2026-11-22 11:52:30.632000');
INSERT INTO `auth_user` VALUES (4,'md5$FlhQn3MhguvZ4Css0O3w2D$f13af6fd9c57747b9775fe6204411a18',NULL,0,'dora','','','dora@example.com',0,0,'2026-11-22 11:52:30.655000');
CREATE TABLE `auth_user_groups` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` int(11) NOT NULL,
  `group_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_user_groups_user_id_group_id_94350c0c_uniq` (`user_id`,`group_id`),
  KEY `auth_user_groups_group_id_97559544_fk_auth_group_id` (`group_id`),
  CONSTRAINT `auth_user_groups_group_id_97559544_fk_auth_group_id` FOREIGN KEY (`group_id`) REFERENCES `auth_group` (`id`),
  CONSTRAINT `auth_user_groups_user_id_6a12ed8b_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `auth_user_user_permissions` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` int(11) NOT NULL,
  `permission_id` int(11) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `auth_user_user_permissions_user_id_permission_id_14a6b632_uniq` (`user_id`,`permission_id`),
  KEY `auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm` (`permission_id`),
  CONSTRAINT `auth_user_user_permi_permission_id_1fbb5f2c_fk_auth_perm` FOREIGN KEY (`permission_id`) REFERENCES `auth_permission` (`id`),
  CONSTRAINT `auth_user_user_permissions_user_id_a95ead1b_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE `django_content_type` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `app_label` varchar(100) NOT NULL,
  `model` varchar(100) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `django_content_type_app_label_model_76bd3d3b_uniq` (`app_label`,`model`)
) ENGINE=InnoDB AUTO_INCREMENT=6 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `django_content_type` VALUES (2,'auth','group');
INSERT INTO `django_content_type` VALUES (1,'auth','permission');
INSERT INTO `django_content_type` VALUES (3,'auth','user');
INSERT INTO `django_content_type` VALUES (4,'contenttypes','contenttype');
INSERT INTO `django_content_type` VALUES (5,'knox','authtoken');
CREATE TABLE `django_migrations` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `app` varchar(255) NOT NULL,
  `name` varchar(255) NOT NULL,
  `applied` datetime(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB AUTO_INCREMENT=24 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `django_migrations` VALUES (1,'contenttypes','0001_initial','2026-11-22 11:52:39.600667');
INSERT INTO `django_migrations` VALUES (2,'contenttypes','0002_remove_content_type_name','2026-11-22 11:52:39.690568');
INSERT INTO `django_migrations` VALUES (3,'auth','0001_initial','2026-11-22 11:52:40.506120');
INSERT INTO `django_migrations` VALUES (4,'auth','0002_alter_permission_name_max_length','2026-11-22 11:52:40.629612');
INSERT INTO `django_migrations` VALUES (5,'auth','0003_alter_user_email_max_length','2026-11-22 11:52:40.687829');
INSERT INTO `django_migrations` VALUES (6,'auth','0004_alter_user_username_opts','2026-11-22 11:52:40.701116');
INSERT INTO `django_migrations` VALUES (7,'auth','0005_alter_user_last_login_null','2026-11-22 11:52:40.782800');
INSERT INTO `django_migrations` VALUES (8,'auth','0006_require_contenttypes_0002','2026-11-22 11:52:40.783546');
INSERT INTO `django_migrations` VALUES (9,'auth','0007_alter_validators_add_error_messages','2026-11-22 11:52:40.793368');
INSERT INTO `django_migrations` VALUES (10,'auth','0008_alter_user_username_max_length','2026-11-22 11:52:40.858759');
INSERT INTO `django_migrations` VALUES (11,'auth','0009_alter_user_last_name_max_length','2026-11-22 11:52:40.907072');
INSERT INTO `django_migrations` VALUES (12,'auth','0010_alter_group_name_max_length','2026-11-22 11:52:40.969347');
INSERT INTO `django_migrations` VALUES (13,'auth','0011_update_proxy_permissions','2026-11-22 11:52:40.978911');
INSERT INTO `django_migrations` VALUES (14,'auth','0012_alter_user_first_name_max_length','2026-11-22 11:52:41.040344');
INSERT INTO `django_migrations` VALUES (15,'knox','0001_initial','2026-11-22 11:52:41.128828');
INSERT INTO `django_migrations` VALUES (16,'knox','0002_auto_20150916_1425','2026-11-22 11:52:41.314726');
INSERT INTO `django_migrations` VALUES (17,'knox','0003_auto_20150916_1526','2026-11-22 11:52:41.415779');
INSERT INTO `django_migrations` VALUES (18,'knox','0004_authtoken_expires','2026-11-22 11:52:41.498917');
INSERT INTO `django_migrations` VALUES (19,'knox','0005_authtoken_token_key','2026-11-22 11:52:41.660516');
INSERT INTO `django_migrations` VALUES (20,'knox','0006_auto_20160818_0932','2026-11-22 11:52:41.930878');
INSERT INTO `django_migrations` VALUES (21,'knox','0007_auto_20190111_0542','2026-11-22 11:52:42.010850');
INSERT INTO `django_migrations` VALUES (22,'knox','0008_remove_authtoken_salt','2026-11-22 11:52:42.078808');
INSERT INTO `django_migrations` VALUES (23,'knox','0009_extend_authtoken_field','2026-11-22 11:52:42.125935');
CREATE TABLE `knox_authtoken` (
  `digest` varchar(128) NOT NULL,
  `created` datetime(6) NOT NULL,
  `user_id` int(11) NOT NULL,
  `expiry` datetime(6) DEFAULT NULL,
  `token_key` varchar(25) NOT NULL,
  PRIMARY KEY (`digest`),
  KEY `knox_authtoken_user_id_e5a5d899_fk_auth_user_id` (`user_id`),
  KEY `knox_authtoken_token_key_8f4f7d47` (`token_key`),
  CONSTRAINT `knox_authtoken_user_id_e5a5d899_fk_auth_user_id` FOREIGN KEY (`user_id`) REFERENCES `auth_user` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
INSERT INTO `knox_authtoken` VALUES ('11c05348e42ce77787935795a4dbdbbae7d6e94676299dfd0b8e119f6ec20caad94e5ff138cf1ff6f2ecf7d03f10297118111e008cf907b0c34488a858bd990a','2026-11-22 11:52:30.889000',2,'2056-11-14 11:52:30.889000','3a858e49');
INSERT INTO `knox_authtoken` VALUES ('3a6ce9bc019d93cbbab246ebae728fed53d61d2f52d2b0daf4242a3d3e7db3a4af3064bd6c1a1cf836811d92d7fe26178d145fdb588cc3e4a2481fd864fb89f1','2026-11-22 11:52:33.304000',2,'2056-11-14 11:52:33.304000','4a00a177485e8e7');
INSERT INTO `knox_authtoken` VALUES ('3c57d6446337e0592230a76d367cf5ee2fe5f3367764e5ea3d6ee4ecb30b971772fb99ff8a640b6321bc227632f23110018f594c6279d79f5c2d80cec9008976','2026-11-22 11:52:33.310000',2,'2056-11-14 11:52:33.310000','phone_169202dc3');
INSERT INTO `knox_authtoken` VALUES ('617d354d3fd4b015d4621126f55158c41192a4e6e51037812597e3433cea72da8582666296f13af1e9c0e7c36ff560ad8ef2781965e89918cb3f29abf4902b01','2026-11-22 11:52:33.317000',2,'2056-11-14 11:52:33.317000','0123456789eea07');
INSERT INTO `knox_authtoken` VALUES ('6280c3056b676e7ccbb12a516006aacdb01591f13ad9db40e58ca1ee4438690660e2cb81314fcfcaf630eff3225704925dcafa4ea80610ee9289f866efef4809','2026-11-22 11:52:30.856000',4,'2056-11-14 11:52:30.856000','f70d80fa');
INSERT INTO `knox_authtoken` VALUES ('80e6e0beb98e0b269defc26b043c28dd15353e5bc873dc620dd4ae35ee59e7f9606b2317b7ebaf25ff30d4a1df572687b5e165b8efec77d6ccb89d0b40ae426c','2026-11-22 11:52:33.268000',1,'2056-11-14 11:52:33.267000','b9f8fb6190945e0');
INSERT INTO `knox_authtoken` VALUES ('81c8cf2531b5ad11cd0462d0342003f13870c5442eeebdd96b3e1f1e13b90448bd0e58dd79c47f704e4dbd17f8eee8930a87f35086c2ed8cfa2a62f171e4e270','2026-11-22 11:52:30.705000',1,NULL,'d8db1808');
INSERT INTO `knox_authtoken` VALUES ('83b2fd17cfc2d83eb49d6607097c948f3023fd3c501691968ba55c3fc3c7e15b516de9448b8ede8a5ed1547568364398dd3024ad5da6dff5fe2cdd6fa58e87c8','2026-11-22 11:52:33.255000',1,NULL,'8efed04865b3409');
INSERT INTO `knox_authtoken` VALUES ('c7bce938a0438a7be486ae32272620e41dc7fce322389e069de5612fada073d4a63bb4b106ba88a598dea143eed585e274f8e9a0a1c7304ed8ec64ebcf6c070b','2026-11-22 11:52:33.263000',1,'2056-11-14 11:52:33.263000','ecec471dcac72a3');
INSERT INTO `knox_authtoken` VALUES ('c969e5e604a04dd12d1b3397543797da0af033960c0c744aa51e07104eee2e8167683923e579986c30fa81471ab35687df5f54e42e12cbc9492195916f3fe41e','2026-11-22 11:52:30.825000',3,'2024-05-05 06:07:08.123000','70486421');
INSERT INTO `knox_authtoken` VALUES ('cc51c946d31ecf0359c61c06c4fa5d18644737efb983711cc3d385d174aef70916ce3a6316379f4a42b01f62f89f81625b93f83a3d36175bb1395ea3e6616deb','2026-11-22 11:52:33.290000',4,'2056-11-14 11:52:33.290000','317c3621a7d89ed');
INSERT INTO `knox_authtoken` VALUES ('e8a07c162961638378b3a4969d13179191f8236f71b992a37ad181682cfadf3b880a12dd6cd38c838099220cc6c585b41796266dc1b9c4414556d4053989bb1a','2026-11-22 11:52:30.746000',1,'2056-11-14 11:52:30.746000','491a67df');
INSERT INTO `knox_authtoken` VALUES ('f4191efc077ec5256afc99921201f5f9f417b77a43381d9053fb1e048b26047a3d8e8f2115ed21b85905df133afe9ca93859cff12200218c17c290fb5348f200','2026-11-22 11:52:30.726000',1,'2056-11-14 11:52:30.726000','462d9488');
INSERT INTO `knox_authtoken` VALUES ('f94fa2d66b14e6ce3bf8e35738bcf83bcf218c0b331cc99d1284ac4feee8545cd9d521f31aa8a8b4e69654f569b36940130f89e669b019ce4aaca20f7a11eacf','2026-11-22 11:52:33.277000',3,'2024-05-05 06:07:08.123000','470c2697dee998e');
