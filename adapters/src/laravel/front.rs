//! What Laravel does in front of its router: its global middleware.

use std::{future::ready, sync::Arc};

use actix_web::dev::ServiceRequest;
use futures_util::FutureExt as _;

use super::cors;
use crate::{
    front::{Admission, Front},
    mount::Site,
};

/// [`crate::Adapter::FRONT`] of both dialects.
pub const FRONT: Front = Front { admit };

fn admit(request: ServiceRequest) -> Admission {
    let answer = request.app_data::<Arc<Site>>().and_then(|site| cors::preflight(site, request.request()));
    ready(match answer {
        Some(answer) => Err(request.into_response(answer)),
        None => Ok(request),
    })
    .boxed_local()
}
