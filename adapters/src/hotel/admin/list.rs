//! Users as an administrator finds them: page by page, by an identifier, or by id.

use actix_web::{HttpRequest, get, web, web::Json};
use countersign_core::{Auth, AuthError, User, UserId};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Account, Administrators, Hotel, NAME, Permitted,
    error::{Error, Failure},
};
use crate::mount::Use;

/// The users of a page, unless the request says otherwise.
const PAGE: u32 = 50;
/// The most.
const LONGEST_PAGE: u32 = 100;

/// A page of users.
#[derive(Serialize, ToSchema)]
#[schema(as = hotel::Accounts)]
struct Page {
    /// The oldest first.
    users: Vec<Account>,
    /// The `after` of the next page; null on the last one.
    #[schema(required, example = 50)]
    next: Option<i64>,
}

/// Which users are asked for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// Whoever has this identifier.
    Named(String),
    /// So many, from behind this one on.
    Page { after: UserId, limit: u32 },
}

impl Wanted {
    /// What the query says; parameters of other names are not looked at.
    fn of(query: &str) -> Result<Self, Error> {
        let (mut after, mut limit, mut identifier, mut fields) = (0, PAGE, None, Vec::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "after" => match value.parse() {
                    Ok(number @ 0..) => after = number,
                    _ => fields.push(("after", "This must be the `next` of another page.")),
                },
                "limit" => match value.parse() {
                    Ok(number @ 1..=LONGEST_PAGE) => limit = number,
                    _ => fields.push(("limit", "This must be a number from 1 to 100.")),
                },
                "identifier" => identifier = Some(value.into_owned()),
                _ => {}
            }
        }
        if !fields.is_empty() {
            return Err(Error::Validation { fields });
        }
        Ok(identifier.map_or(Self::Page { after: UserId(after), limit }, Self::Named))
    }

    fn find(self, auth: &Auth) -> Result<Page, AuthError> {
        let (users, next) = match self {
            Self::Named(identifier) => match auth.find_user(&identifier) {
                Ok(user) => (vec![user], None),
                Err(AuthError::NotFound) => (Vec::new(), None),
                Err(error) => return Err(error),
            },
            Self::Page { after, limit } => {
                // One more than is shown tells whether there is another page.
                let mut users = auth.users(after, limit + 1)?;
                let is_last = users.len() <= limit as usize;
                users.truncate(limit as usize);
                let next = users.last().filter(|_| !is_last).map(|user: &User| user.id.0);
                (users, next)
            }
        };
        Ok(Page { users: users.iter().map(Account::from).collect(), next })
    }
}

/// List users
///
/// For administrators. Page by page, or whoever has an identifier: an e-mail address, a phone number or a user name, in any
/// spelling.
#[utoipa::path(
    operation_id = "hotel_list_users",
    tag = NAME,
    params(
        ("limit" = Option<u32>, Query, description = "So many at most: 1 to 100, otherwise 50"),
        ("after" = Option<i64>, Query, description = "The `next` of the page before"),
        ("identifier" = Option<String>, Query, description = "Only the user who has this identifier"),
    ),
    responses(
        (status = 200, description = "A page of users", body = Page),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 403, description = "The user is no administrator", body = Failure),
        (status = 422, description = "A parameter is not valid", body = Failure),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = [])),
)]
#[get("/admin/users")]
pub async fn list_users(
    request: HttpRequest,
    mount: Use<Hotel>,
    caller: Permitted<Administrators>,
) -> Result<Json<Page>, Error> {
    let (wanted, by) = (Wanted::of(request.query_string())?, caller.user.id);
    let page = mount.blocking(move |auth| {
        auth.check_administrator(by)?;
        wanted.find(auth)
    });
    Ok(Json(page.await?))
}

/// Show a user
///
/// For administrators.
#[utoipa::path(
    operation_id = "hotel_show_account",
    tag = NAME,
    params(("id" = String, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The user", body = Account),
        (status = 401, description = "The token is missing or not valid", body = Failure,
            headers(("WWW-Authenticate" = String, description = "RFC 6750, section 3"))),
        (status = 403, description = "The user is no administrator", body = Failure),
        (status = 404, description = "There is no such user", body = Failure),
        (status = 503, description = "Without a database", body = Failure,
            headers(("Retry-After" = u64, description = "Seconds"))),
    ),
    security(("hotel_bearer" = [])),
)]
#[get("/admin/users/{id}")]
pub async fn show_user(
    mount: Use<Hotel>,
    caller: Permitted<Administrators>,
    path: web::Path<String>,
) -> Result<Json<Account>, Error> {
    let (id, by) = (path.into_inner(), caller.user.id);
    let user = mount.blocking(move |auth| {
        auth.check_administrator(by)?;
        auth.user_by_uuid(&id)
    });
    Ok(Json(Account::from(&user.await?)))
}
