//! The tables as diesel sees them, the same on every database; `migrations/` creates them.

diesel::table! {
    users (id) {
        id -> BigInt,
        uuid -> Text,
        username -> Text,
        email -> Nullable<Text>,
        phone -> Nullable<Text>,
        name -> Text,
        first_name -> Text,
        last_name -> Text,
        role -> Text,
        is_staff -> Bool,
        is_superuser -> Bool,
        is_active -> Bool,
        email_verified_at -> Nullable<Timestamp>,
        password -> Nullable<Text>,
        api_token -> Nullable<Text>,
        last_login_at -> Nullable<Timestamp>,
        created_at -> Nullable<Timestamp>,
        updated_at -> Nullable<Timestamp>,
        is_suspended -> Bool,
        suspended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    identifiers (key) {
        key -> Text,
        kind -> Text,
        user_id -> BigInt,
    }
}

diesel::table! {
    subjects (user_id) {
        user_id -> BigInt,
        generation -> BigInt,
        ended_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    tokens (id) {
        id -> BigInt,
        kind -> Text,
        user_id -> BigInt,
        name -> Text,
        digest -> Text,
        sealed -> Nullable<Text>,
        abilities -> Text,
        family -> Nullable<Text>,
        created_at -> Nullable<Timestamp>,
        last_used_at -> Nullable<Timestamp>,
        expires_at -> Nullable<Timestamp>,
        slot -> Nullable<Text>,
        rotation -> BigInt,
        rotated_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    revocations (id) {
        id -> BigInt,
        user_id -> BigInt,
        created_at -> Timestamp,
    }
}

diesel::table! {
    revocation_counter (id) {
        id -> BigInt,
        last -> BigInt,
    }
}

diesel::table! {
    administration (id) {
        id -> BigInt,
        steps -> BigInt,
    }
}

diesel::table! {
    key_rings (id) {
        id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    import_sources (id) {
        id -> BigInt,
        name -> Text,
        created_at -> Timestamp,
        is_django -> Bool,
    }
}

diesel::table! {
    outstanding_tokens (digest) {
        digest -> Text,
        is_blacklisted -> Bool,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    imports (source, subject, origin) {
        source -> BigInt,
        subject -> Integer,
        origin -> BigInt,
        marks -> Text,
    }
}

diesel::table! {
    old_resets (user_id) {
        user_id -> BigInt,
        token -> Text,
        vouched -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    counters (id) {
        id -> Text,
        state -> Text,
        weight -> Integer,
        ends_at -> Timestamp,
    }
}

diesel::joinable!(identifiers -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, identifiers);
diesel::allow_tables_to_appear_in_same_query!(users, tokens);
diesel::allow_tables_to_appear_in_same_query!(tokens, outstanding_tokens);
