//! What an adapter does with each request before anybody is asked: `cargo bench -p countersign-adapters`. A whole request is
//! measured with the server, which has routes and a store.

use actix_web::{HttpRequest, test::TestRequest};
use countersign_adapters::{
    Adapter, djoser::Djoser, hotel::Hotel, laravel::user::ShownUser, minimal::Minimal, sanctum::Sanctum,
    sanctum_spa::SanctumSpa,
};
use countersign_core::{
    User, UserId,
    env::{Clock as _, SystemClock},
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn request(authorization: &str) -> HttpRequest {
    TestRequest::default()
        .insert_header(("host", "127.0.0.1"))
        .insert_header(("accept", "application/json"))
        .insert_header(("authorization", authorization))
        .to_http_request()
}

/// The credential in a request of each dialect.
#[divan::bench(types = [Sanctum, SanctumSpa, Hotel, Minimal])]
fn bearer<A: Adapter>(bencher: Bencher) {
    let request = request("Bearer 17|ZmFrZVNlY3JldE9mRm9ydHlDaGFyYWN0ZXJzITEy3af0c2b1");
    assert!(A::credential(&request).is_ok());
    bencher.bench_local(|| A::credential(black_box(&request)).is_ok());
}

#[divan::bench]
fn token_of_djoser(bencher: Bencher) {
    let request = request("Token 9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b");
    assert!(Djoser::credential(&request).is_ok());
    bencher.bench_local(|| Djoser::credential(black_box(&request)).is_ok());
}

/// `GET /api/user`.
#[divan::bench]
fn user_of_laravel(bencher: Bencher) {
    let user = user();
    bencher.bench_local(|| serde_json::to_vec(&ShownUser::from(black_box(&user))));
}

fn user() -> User {
    let now = SystemClock.now();
    User {
        email: Some("ada@example.org".to_owned()),
        name: "Ada Lovelace".to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        email_verified_at: Some(now),
        last_login_at: Some(now),
        created_at: Some(now),
        updated_at: Some(now),
        ..User::named(UserId(1), "ada")
    }
}
