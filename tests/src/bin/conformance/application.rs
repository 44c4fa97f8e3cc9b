//! An application that is built on the library: the server with views of its own, as the recorded ones have them.

mod orders;

use std::process::ExitCode;

use actix_web::web::{self, Json, ServiceConfig};
use countersign::{app, config::Sources, serve::serve_with};
use countersign_adapters::{
    Caller, Use,
    django::{self, Guests, View},
    djoser::Djoser,
    laravel::own::Unverified,
    sanctum::Sanctum,
    sanctum_spa::{SanctumSpa, Stack},
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

/// The mounts that there are.
type Mounts = (Option<Use<Djoser>>, Option<Use<Sanctum>>, Option<Use<SanctumSpa>>);

/// The routes beside them.
fn routes(cfg: &mut ServiceConfig, (djoser, sanctum, spa): &Mounts) {
    if let Some(djoser) = djoser {
        django::own_view(cfg, djoser, &ROOMS, |view| view.route(web::get().to(rooms)));
    }
    if let Some(sanctum) = sanctum {
        // Breeze brings a middleware of its own.
        let is_breeze = spa.as_ref().is_none_or(|spa| spa.options.stack == Stack::Breeze);
        orders::routes(cfg, sanctum, if is_breeze { Unverified::Conflict } else { Unverified::Forbidden });
    }
}

/// Serves until it is told to stop.
pub fn serve() -> ExitCode {
    let settings = app::load(&Sources::of_process(None)).expect("the settings are right");
    countersign::log::start(&settings.log);
    let own = |app: app::App| {
        let mounts: Mounts = (app.mounted(), app.mounted(), app.mounted());
        app.with_routes(move |cfg| routes(cfg, &mounts))
    };
    serve_with(&settings, own, |_| ()).expect("it serves until it is told to stop");
    ExitCode::SUCCESS
}
