//! An application that is built on the library: the server with one view of its own, as the recorded one has it.

use std::process::ExitCode;

use actix_web::web::{self, Json};
use countersign::{app, config::Sources, serve::serve_with};
use countersign_adapters::{
    Caller,
    django::{self, Guests, View},
    djoser::Djoser,
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

/// Serves until it is told to stop.
pub fn serve() -> ExitCode {
    let settings = app::load(&Sources::of_process(None)).expect("the settings are right");
    countersign::log::start(&settings.log);
    let own = |app: app::App| {
        let djoser = app.mounted::<Djoser>().expect("djoser is mounted");
        app.with_routes(move |cfg| {
            django::own_view(cfg, &djoser, &ROOMS, |view| view.route(web::get().to(rooms)));
        })
    };
    serve_with(&settings, own, |_| ()).expect("it serves until it is told to stop");
    ExitCode::SUCCESS
}
