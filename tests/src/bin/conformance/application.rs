//! An application that is built on the library: the server with views of its own, as the recorded ones have them.

mod orders;

use std::process::ExitCode;

use actix_web::web::{self, Json, ServiceConfig};
use countersign::{app, config::Sources, serve::serve_with};
use countersign_adapters::{
    Caller, Use,
    django::{self, Guests, View},
    djoser::Djoser,
    sanctum::Sanctum,
};
use serde_json::{Value, json};

/// The view of `tests/conformance/djoser/real/urls.py`.
static ROOMS: View = View {
    pattern: "/api/rooms/",
    allow: "GET, HEAD, OPTIONS",
    guests: Guests::Only(&[]),
    name: "Rooms",
    description: "",
    action: None,
};

async fn rooms(_: Caller<Djoser>) -> Json<Value> {
    Json(json!({"rooms": []}))
}

/// The routes beside the mounts that there are.
fn routes(cfg: &mut ServiceConfig, djoser: Option<&Use<Djoser>>, sanctum: Option<&Use<Sanctum>>) {
    if let Some(djoser) = djoser {
        django::own_view(cfg, djoser, &ROOMS, |view| view.route(web::get().to(rooms)));
    }
    if let Some(sanctum) = sanctum {
        orders::routes(cfg, sanctum);
    }
}

/// Serves until it is told to stop.
pub fn serve() -> ExitCode {
    let settings = app::load(&Sources::of_process(None)).expect("the settings are right");
    countersign::log::start(&settings.log);
    let own = |app: app::App| {
        let (djoser, sanctum) = (app.mounted::<Djoser>(), app.mounted::<Sanctum>());
        app.with_routes(move |cfg| routes(cfg, djoser.as_ref(), sanctum.as_ref()))
    };
    serve_with(&settings, own, |_| ()).expect("it serves until it is told to stop");
    ExitCode::SUCCESS
}
