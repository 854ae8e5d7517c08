//! The tables, as `migrations/` makes them on both engines. Times are unix milliseconds, hashes and ids raw bytes.

diesel::table! {
    sites (id) {
        id -> Integer,
        key -> Text,
        settings -> Text,
        revision -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    notices (id) {
        id -> Integer,
        site_id -> Integer,
        number -> Integer,
        hash -> Binary,
        content -> Text,
        asks_since -> Integer,
        published_at -> BigInt,
    }
}

diesel::table! {
    announcements (id) {
        id -> Integer,
        site_id -> Integer,
        day -> Integer,
        material -> Bool,
        announcement -> Text,
        notice -> Integer,
        settings -> Nullable<Text>,
        content -> Nullable<Text>,
        announced_at -> BigInt,
        effective_at -> Nullable<BigInt>,
        cancelled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Integer,
        kid -> Text,
        public_key -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    consents (seq) {
        seq -> BigInt,
        id -> Binary,
        site_id -> Integer,
        notice_id -> Integer,
        visitor -> Binary,
        previous -> Nullable<Binary>,
        choice -> Text,
        action -> Text,
        method -> Text,
        language -> Nullable<Text>,
        page -> Nullable<Text>,
        regime -> Text,
        regime_found -> Text,
        signals -> Text,
        created_at -> BigInt,
        key_id -> Integer,
        signature -> Binary,
        salt -> Nullable<Binary>,
        variant -> Nullable<Text>,
        topic -> Nullable<Text>,
        details -> Nullable<Text>,
    }
}

diesel::table! {
    people (id) {
        id -> BigInt,
        site_id -> Integer,
        person -> Binary,
        kind -> Text,
        #[sql_name = "ref"]
        reference -> Nullable<Text>,
        state -> Text,
        sequence -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    erasures (seq) {
        seq -> BigInt,
        site_id -> Integer,
        reason -> Text,
        leaves -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    ledger (id) {
        id -> Integer,
        origin -> Text,
        size -> BigInt,
        root -> Binary,
        consents_to -> BigInt,
        erasures_to -> BigInt,
    }
}

diesel::table! {
    ledger_runs (leaf) {
        leaf -> BigInt,
        kind -> Text,
        seq -> BigInt,
        length -> BigInt,
    }
}

diesel::table! {
    ledger_tiles (level, number) {
        level -> Integer,
        number -> BigInt,
        hashes -> Binary,
    }
}

diesel::table! {
    scripts (hash) {
        hash -> Text,
        site_id -> Nullable<Integer>,
        body -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    counts (site_id, day, notice, language, country, layout, variant, event) {
        site_id -> Integer,
        day -> Integer,
        notice -> Integer,
        language -> Text,
        country -> Text,
        layout -> Text,
        variant -> Text,
        event -> Text,
        n -> BigInt,
    }
}

diesel::table! {
    revoked_tokens (jti) {
        jti -> Text,
        revoked_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Integer,
        site_id -> Integer,
        url -> Text,
        events -> Text,
        key -> Binary,
        old_key -> Nullable<Binary>,
        old_until -> Nullable<BigInt>,
        from_leaf -> BigInt,
        created_at -> BigInt,
        gone_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    deliveries (id) {
        id -> BigInt,
        webhook_id -> Integer,
        leaf -> Nullable<BigInt>,
        name -> Text,
        event -> Text,
        data -> Nullable<Text>,
        person -> Nullable<Binary>,
        state -> Text,
        attempts -> Integer,
        status -> Nullable<Integer>,
        created_at -> BigInt,
        queued_at -> BigInt,
        due_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    fan_out (id) {
        id -> Integer,
        next -> BigInt,
    }
}

diesel::table! {
    kept_answers (key) {
        key -> Binary,
        site_id -> Integer,
        about -> Nullable<Binary>,
        fingerprint -> Binary,
        holder -> Binary,
        taken_at -> BigInt,
        created_at -> BigInt,
        answer -> Nullable<Binary>,
    }
}

diesel::table! {
    clients (id) {
        id -> Integer,
        name -> Text,
        hash -> Text,
        scope -> Text,
        sites -> Text,
        minutes -> Integer,
        created_at -> BigInt,
        rotated_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        actor -> Text,
        site_id -> Integer,
        scope -> Text,
        method -> Text,
        route -> Text,
        status -> Nullable<Integer>,
    }
}

diesel::table! {
    readiness (id) {
        id -> Integer,
        checked_at -> BigInt,
    }
}

diesel::joinable!(notices -> sites (site_id));
diesel::joinable!(announcements -> sites (site_id));
diesel::joinable!(audit -> sites (site_id));
diesel::joinable!(consents -> notices (notice_id));
diesel::joinable!(webhooks -> sites (site_id));
diesel::joinable!(deliveries -> webhooks (webhook_id));
diesel::joinable!(consents -> signing_keys (key_id));
diesel::joinable!(erasures -> sites (site_id));
diesel::allow_tables_to_appear_in_same_query!(sites, notices, consents, signing_keys, announcements, people, erasures);
diesel::allow_tables_to_appear_in_same_query!(sites, webhooks, deliveries);
diesel::allow_tables_to_appear_in_same_query!(sites, audit);
