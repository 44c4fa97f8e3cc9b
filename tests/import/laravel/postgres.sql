--
-- PostgreSQL database dump
--


-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: personal_access_tokens; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.personal_access_tokens (
    id bigint NOT NULL,
    tokenable_type character varying(255) NOT NULL,
    tokenable_id bigint NOT NULL,
    name character varying(255) NOT NULL,
    token character varying(64) NOT NULL,
    abilities text,
    last_used_at timestamp(0) without time zone,
    expires_at timestamp(0) without time zone,
    created_at timestamp(0) without time zone,
    updated_at timestamp(0) without time zone
);


--
-- Name: personal_access_tokens_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.personal_access_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: personal_access_tokens_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.personal_access_tokens_id_seq OWNED BY public.personal_access_tokens.id;


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id bigint NOT NULL,
    name character varying(255) NOT NULL,
    email character varying(255) NOT NULL,
    email_verified_at timestamp(0) without time zone,
    password character varying(255) NOT NULL,
    remember_token character varying(100),
    created_at timestamp(0) without time zone,
    updated_at timestamp(0) without time zone
);


--
-- Name: users_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.users_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: users_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;


--
-- Name: personal_access_tokens id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.personal_access_tokens ALTER COLUMN id SET DEFAULT nextval('public.personal_access_tokens_id_seq'::regclass);


--
-- Name: users id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users ALTER COLUMN id SET DEFAULT nextval('public.users_id_seq'::regclass);


--
-- Data for Name: personal_access_tokens; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.personal_access_tokens VALUES (1, 'App\Models\User', 1, 'iPhone 12', '851be79b5ab0f5a1f2579eb42b17fe38d231dbf71783dc5d2a34fd638c7a5b6c', '["*"]', '2025-03-01 12:00:00', NULL, '2024-01-15 10:00:00', '2025-03-01 12:00:00');
INSERT INTO public.personal_access_tokens VALUES (2, 'App\Models\User', 1, 'orders script', 'b8356a26b46465182c4ca2a2702076c3db5fec823469389c8671f16d7f4a0287', '["check-status","place-orders"]', NULL, NULL, '2024-01-16 10:00:00', '2024-01-16 10:00:00');
INSERT INTO public.personal_access_tokens VALUES (3, 'App\Models\User', 1, 'no abilities', '0801d20e1546605b9b186165d89e253c5963f4b240b02c528944707763ac63bf', '[]', NULL, NULL, '2024-01-17 10:00:00', '2024-01-17 10:00:00');
INSERT INTO public.personal_access_tokens VALUES (4, 'App\Models\User', 1, 'expired', 'f0a4b2df8f0fef0ce689bae7cca2d530b1251d70b9877da83a42f512fa50b6d0', '["*"]', '2024-06-01 00:00:00', '2024-06-02 00:00:00', '2024-01-18 10:00:00', '2024-06-01 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (5, 'App\Models\User', 2, 'read only', '6eb166710e02696090887e53f845c9e022b62e40f02266a18224551a7276c258', '["read"]', NULL, '2037-12-31 23:59:59', '2024-02-02 00:00:00', '2024-02-02 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (6, 'App\Models\User', 2, 'made by Sanctum before 3.3', '2b1742dc6f5a026a0e6b3b491ff7967d9abdf0d90b7371638c5d5391393c15a4', '["*"]', '2023-05-05 05:05:05', NULL, '2022-05-05 05:05:05', '2023-05-05 05:05:05');
INSERT INTO public.personal_access_tokens VALUES (7, 'App\Models\User', 2, 'made by Airlock/Sanctum 1', '8269e4a535c5714c33d12c271c0b17b48ec86406601a86c89a38e89610e42652', '["*"]', NULL, NULL, '2020-03-03 03:03:03', '2020-03-03 03:03:03');
INSERT INTO public.personal_access_tokens VALUES (8, 'App\Models\User', 3, 'with token_prefix', '777f732c6d78cc5dbf19e224e62d346822e5a1496d470c5de36b1af7efe0cc32', '["*"]', NULL, NULL, '2024-03-06 00:00:00', '2024-03-06 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (10, 'App\Models\User', 4, 'Dave''s "laptop" \ 💻 – naïve', 'ad24dfaeb392ca7d00aa8d1c38c6d1798c12396bfa2ec62d2aa14c9e921a34ac', '["server:update","server:delete"]', NULL, NULL, '2024-05-05 05:05:05', '2024-05-05 05:05:05');
INSERT INTO public.personal_access_tokens VALUES (11, 'App\Models\User', 5, 'unverified user', 'a3fcb4278e9f3994d72c743662262f5164a1c7945b723a43b5af0bea3e35c1e1', '["*"]', NULL, NULL, '2025-06-01 08:05:00', '2025-06-01 08:05:00');
INSERT INTO public.personal_access_tokens VALUES (12, 'App\Models\User', 7, 'slashes', 'd62589ac5de74e75cef2f6e518612e7e0cabd70a220b6de725d2e7a811ea0930', '["a\/b","c\"d","e''f","\u00fc"]', NULL, NULL, '2024-04-05 00:00:00', '2024-04-05 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (13, 'App\Models\User', 8, '東京', '3d7309f01280dfd77768cd6556d3922ce24f22a456ecfcde30dfaa4afeae43ad', '["*"]', NULL, NULL, '2024-07-08 00:00:00', '2024-07-08 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (14, 'App\Models\User', 10, 'tty', '98628ae48c691d7f409071ac06543bdfba4fd9a7d0e80e93275f3797248c4eff', '["*"]', NULL, NULL, NULL, NULL);
INSERT INTO public.personal_access_tokens VALUES (15, 'App\Models\User', 12, 'ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt', 'faa4e4f9ec5d01396657e6d955b00c71e8bff400ba488c8d8ca1faeb55b1ab17', '["*"]', NULL, NULL, '2024-01-01 00:00:00', '2024-01-01 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (16, 'App\Models\User', 4242, 'orphan', '01320f6b518dc134237f5e8137a2ab203bf0585b2aa38af61ed5a6c2043e6b1c', '["*"]', NULL, NULL, '2024-01-01 00:00:00', '2024-01-01 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (17, 'App\Models\User', 11, 'spaced', '3032a9fbd1ec138ba7beddfbc1f8947ca83910f891c7aab13dbe2c254d8c0471', '["*"]', NULL, NULL, '2024-10-10 10:10:10', '2024-10-10 10:10:10');
INSERT INTO public.personal_access_tokens VALUES (4294967297, 'App\Models\User', 1000, 'big id', '7c378698a90f38bbacae1aa2c9468ec6d50317192d5fe12aed89d7bdd37686ba', '["*"]', NULL, NULL, '2025-01-01 00:00:00', '2025-01-01 00:00:00');
INSERT INTO public.personal_access_tokens VALUES (4294967298, 'App\Models\User', 1000, 'max timestamp', '58823e5ad245d6c56f2bf1f43f77ef9ea0db9d59f74cb6360429f7a2bd7dfd79', '["*"]', '2038-01-19 03:14:07', '2038-01-19 03:14:07', '2025-01-01 00:00:00', '2038-01-19 03:14:07');


--
-- Data for Name: users; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.users VALUES (1, 'Alice Example', 'alice@example.com', '2024-01-15 09:30:00', '$2y$10$VNxIpy1viGrkuahr2DDNdOtzelkLCCi5wuGzGrb/S2WfAPFEPRGp.', 'L9ayS4i46b18nKwI1vS0UFcTNZo8Oe6q4TTDAbzCKu4wOiDrbPWnkG7AkmTM', '2024-01-15 09:29:11', '2025-03-01 12:00:00');
INSERT INTO public.users VALUES (2, 'Bob Example', 'bob@example.com', '2024-02-01 00:00:00', '$2y$12$QIEOz/4uDrtzKNxUf8VI.OyUgqcb7Ufln61EOqP3VsUAp0MYY68Cu', NULL, '2024-02-01 00:00:00', '2024-02-01 00:00:00');
INSERT INTO public.users VALUES (3, 'Carol Example', 'carol@example.com', '2024-03-05 10:11:12', '$argon2id$v=19$m=65536,t=4,p=1$RHB2UGtzR3JSZUZQTFhWSA$GceiAN+Vl5yBypZXNZ6HMW1WYZBQuHEZ7EmUStzhiJk', NULL, '2024-03-05 10:11:12', '2024-03-05 10:11:12');
INSERT INTO public.users VALUES (4, 'Dave Example', 'dave@example.com', '2023-12-31 23:59:59', '$argon2i$v=19$m=65536,t=4,p=1$aEU5VjlQcmptLzlsVVJNYw$FX5WuYSrBrQVa5L6c1uK0yQmvbAg6nqPV1jJzjhPyCY', 'KU4JDns90IeIFrk99jshZnCbYapb1dlTxyff5QjKF8iNALQMRMtGUOFJ3HdP', '2023-12-31 23:00:00', '2024-05-05 05:05:05');
INSERT INTO public.users VALUES (5, 'Erin Unverified', 'erin@example.com', NULL, '$2y$12$8aCgM4kqbFdGC9PUuJ1j3Osncmga0pUtEx.P.kLmw16o4o3UMuZVS', NULL, '2025-06-01 08:00:00', '2025-06-01 08:00:00');
INSERT INTO public.users VALUES (7, 'Frank "The Tank" O''Neil \ backslash', 'frank.o''neil@example.com', '2024-04-04 04:04:04', '$2y$10$mvu0xWmIIEC1FTvyAJ0dSulLxRtyfJRBExfqhiSEqn3b16DgKKDwK', 'hRAkSVZrs1XgKU0f8ClSI5WRfIUBAjUPRMNOogYU939HNVsuWYN9Bv4cD0BR', '2024-04-04 04:04:04', '2024-04-04 04:04:04');
INSERT INTO public.users VALUES (8, 'Zoë Łukasiewicz 東京 🗼', 'zoë@example.com', '2024-07-07 07:07:07', '$2y$12$qzjoCA400pfnkmu/951wvuWjqtApM.1.PbXFqA1TjdLOwUeh5GXf6', NULL, '2024-07-07 07:07:07', '2024-07-07 07:07:07');
INSERT INTO public.users VALUES (9, 'Long Password', 'long@example.com', '2024-08-08 08:08:08', '$2y$10$of9lvT.Pduop5x9/6zqCdu9bNVVG0nyVmJgViotd9sRRKyo8SK05S', NULL, '2024-08-08 08:08:08', '2024-08-08 08:08:08');
INSERT INTO public.users VALUES (10, 'Grace Hopper', 'Grace.Hopper@Example.COM', '2024-09-09 09:09:09', '$2y$10$yxqNjtAC9iIk5MIDPeyMz.C87I82aT3z.YdTAgBAtMC8VFJMsXxra', NULL, NULL, NULL);
INSERT INTO public.users VALUES (11, 'Spaced Password', 'spaced@example.com', '2024-10-10 10:10:10', '$argon2id$v=19$m=19456,t=2,p=1$V0xvaVpDNGZzVURORU9kSg$1HLPu3Re07GF5DYoTshqbKESqTy3cW+yqqp4iljI6hY', NULL, '2024-10-10 10:10:10', '2024-10-10 10:10:10');
INSERT INTO public.users VALUES (12, 'NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN', 'maxname@example.com', NULL, '$2y$12$Ov7wUKDpEWBeHakHOiiO6elsPCu63QZYP6jRvmhqmlvEqa3wxGuMu', '6k2rb752fPa3IZdUGC4Ypgn6OGLhyTh9zXicBEWfdVergvk7ABwYu4ObA6ea', '2019-01-01 00:00:00', '2038-01-19 03:14:07');
INSERT INTO public.users VALUES (1000, 'Mallory Gap', 'mallory@example.com', '2025-01-01 00:00:00', '$2y$10$f6.nOjaFWbYhu73NH6jPb.U/JU5tX3WgEJJ8.BGFyccepkuLxkOwe', NULL, '2025-01-01 00:00:00', '2025-01-01 00:00:00');


--
-- Name: personal_access_tokens_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.personal_access_tokens_id_seq', 4294967298, true);


--
-- Name: users_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_id_seq', 1000, true);


--
-- Name: personal_access_tokens personal_access_tokens_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.personal_access_tokens
    ADD CONSTRAINT personal_access_tokens_pkey PRIMARY KEY (id);


--
-- Name: personal_access_tokens personal_access_tokens_token_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.personal_access_tokens
    ADD CONSTRAINT personal_access_tokens_token_unique UNIQUE (token);


--
-- Name: users users_email_unique; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_unique UNIQUE (email);


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);


--
-- Name: personal_access_tokens_tokenable_type_tokenable_id_index; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX personal_access_tokens_tokenable_type_tokenable_id_index ON public.personal_access_tokens USING btree (tokenable_type, tokenable_id);


--
-- PostgreSQL database dump complete
--


