//! The routes of the recorded Laravel application that abilities and a confirmed address open.

use std::future::ready;

use actix_web::{
    HttpResponse,
    http::{Method, StatusCode},
    web::{self, Path, ServiceConfig},
};
use countersign_adapters::{
    Caller, Use,
    laravel::{
        answer,
        fault::Fault,
        own::{self, Unverified},
    },
    sanctum::Sanctum,
};
use serde_json::{Value, json};

const ORDERS: [&str; 2] = ["check-status", "place-orders"];

/// Registers them.
pub fn routes(cfg: &mut ServiceConfig, sanctum: &Use<Sanctum>, unverified: Unverified) {
    own::route(cfg, sanctum, "/api/orders", [(Method::GET, web::to(orders))]);
    own::route(cfg, sanctum, "/api/orders/any", [(Method::GET, web::to(orders_any))]);
    own::route(cfg, sanctum, "/api/can/{ability}", [(Method::GET, web::to(can))]);
    own::route(
        cfg,
        sanctum,
        "/api/verified",
        [(Method::GET, web::to(move |caller| ready(verified(&caller, unverified))))],
    );
}

async fn orders(caller: Caller<Sanctum>) -> Result<HttpResponse, Fault> {
    own::abilities(&caller, &ORDERS)?;
    Ok(said(&json!({"ok": true})))
}

async fn orders_any(caller: Caller<Sanctum>) -> Result<HttpResponse, Fault> {
    own::any_ability(&caller, &ORDERS)?;
    Ok(said(&json!({"ok": true})))
}

async fn can(caller: Caller<Sanctum>, ability: Path<String>) -> HttpResponse {
    said(&json!({"can": caller.token.abilities.can(&ability)}))
}

fn verified(caller: &Caller<Sanctum>, unverified: Unverified) -> Result<HttpResponse, Fault> {
    own::verified(caller, unverified)?;
    Ok(said(&json!({"ok": true})))
}

fn said(body: &Value) -> HttpResponse {
    answer::json(StatusCode::OK, body)
}
