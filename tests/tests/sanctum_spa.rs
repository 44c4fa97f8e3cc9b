//! Document 001, the cookie login of the SPA and the api-token, statement by statement.

#[path = "sanctum_spa/answers.rs"]
mod answers;
#[path = "sanctum_spa/api_token.rs"]
mod api_token;
#[path = "sanctum_spa/bearers.rs"]
mod bearers;
#[path = "sanctum_spa/common.rs"]
mod common;
#[path = "sanctum_spa/cookies.rs"]
mod cookies;
#[path = "sanctum_spa/csrf.rs"]
mod csrf;
#[path = "sanctum_spa/doors.rs"]
mod doors;
#[path = "sanctum_spa/dump.rs"]
mod dump;
#[path = "sanctum_spa/expiry.rs"]
mod expiry;
#[path = "sanctum_spa/fixation.rs"]
mod fixation;
#[path = "sanctum_spa/forgery.rs"]
mod forgery;
#[path = "sanctum_spa/fortify.rs"]
mod fortify;
#[path = "sanctum_spa/fortify_account.rs"]
mod fortify_account;
#[path = "sanctum_spa/fortify_mails.rs"]
mod fortify_mails;
#[path = "sanctum_spa/hosts.rs"]
mod hosts;
#[path = "sanctum_spa/intended.rs"]
mod intended;
#[path = "sanctum_spa/lockout.rs"]
mod lockout;
#[path = "sanctum_spa/login.rs"]
mod login;
#[path = "sanctum_spa/mailed.rs"]
mod mailed;
#[path = "sanctum_spa/mismatch.rs"]
mod mismatch;
#[path = "sanctum_spa/registration.rs"]
mod registration;
#[path = "sanctum_spa/remember.rs"]
mod remember;
#[path = "sanctum_spa/reset.rs"]
mod reset;
#[path = "sanctum_spa/throttle.rs"]
mod throttle;
#[path = "sanctum_spa/tossing.rs"]
mod tossing;
#[path = "sanctum_spa/verification.rs"]
mod verification;
