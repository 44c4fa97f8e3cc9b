//! The stack `fortify`: the routes and answers of Laravel Fortify where those of Breeze would be.
//!
//! The wire facts were taken from Fortify 1.25.4 with `views` off, its actions as they are installed, and verification of
//! addresses among its features. What is done is the same as for Breeze ([`super::entry`], [`super::reset`],
//! [`super::verification`]); a client that asks for JSON is told how it went, any other is sent on.

mod password;
mod profile;
mod registration;
mod reset;
mod session;
mod verification;

use actix_web::{HttpRequest, HttpResponse};
use utoipa_actix_web::service_config::ServiceConfig;

use super::{NAME, SanctumSpa};
use crate::{
    laravel::{answer, client, fault::Fault, visitor::Visitor},
    mount::{Neighbours, Use},
};

/// Where a page is sent on to from a form that did what it is for (`fortify.home`).
const HOME: &str = "/home";

pub(super) fn routes(cfg: &mut ServiceConfig, beside: &Neighbours) {
    cfg.service(session::log_in).service(session::log_out);
    cfg.service(reset::send_link).service(reset::reset_password);
    cfg.service(verification::verify_address).service(verification::send_link);
    cfg.service(profile::update_profile).service(password::update_password);
    cfg.service(password::confirm_password).service(password::show_confirmation);
    if beside.share("minimal", NAME) {
        cfg.service(registration::register_beside_minimal);
    } else {
        cfg.service(registration::register);
    }
}

/// Where a page goes from here.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// To the application's front.
    Front,
    /// Home.
    Home,
    /// Home, with a confirmed address.
    Verified,
    /// Where it came from.
    Back,
}

/// What a client that asks for JSON is told; a page is sent on. (Symfony's `wantsJson`: unlike a refusal, this is not JSON
/// for a script that takes anything.)
fn told(request: &HttpRequest, mount: &Use<SanctumSpa>, json: HttpResponse, next: Next) -> HttpResponse {
    if client::wants_json(request.headers()) {
        return json;
    }
    let base = &mount.site.base_url;
    answer::redirect(&match next {
        Next::Front => base.clone(),
        Next::Home => format!("{base}{HOME}"),
        Next::Verified => format!("{base}{HOME}?verified=1"),
        Next::Back => Visitor::back(request, &mount.site),
    })
}

/// A refusal that Fortify words itself if it is about the input: a page is sent back. Others stay what they are.
fn refused(request: &HttpRequest, mount: &Use<SanctumSpa>, fault: Fault) -> Result<HttpResponse, Fault> {
    match fault {
        Fault::Invalid(_) if !client::wants_json(request.headers()) => {
            Ok(answer::redirect(&Visitor::back(request, &mount.site)))
        }
        fault => Err(fault),
    }
}
