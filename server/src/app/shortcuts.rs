//! The layer in front of the application: answers what has a [`Shortcut`] without a router, and hands everything else on.
//!
//! The head of such an answer is not put together here. It is that of the first answer that the application gave to a usual request
//! for the same path, so that whatever a layer or a setting adds to it is there.

use std::{
    cell::OnceCell,
    future::{Ready, ready},
    rc::Rc,
    sync::Arc,
};

use actix_http::Request;
use actix_service::IntoServiceFactory;
use actix_web::{
    Error,
    body::{BodySize, EitherBody, MessageBody},
    dev::{AppConfig, Response, Service, ServiceFactory, ServiceResponse, forward_ready},
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    web::Bytes,
};
use countersign_adapters::shortcut::{Opened, Shortcut, is_everybodys, is_usual};
use futures_util::{
    FutureExt as _, TryFutureExt as _,
    future::{Either, LocalBoxFuture, MapOk},
};

use super::books::{Books, Entry};

/// The shortcuts of all mounts, for one worker.
pub struct Shortcuts {
    paths: Vec<Rc<Path>>,
    books: Books,
}

/// A path that has one.
struct Path {
    shortcut: Arc<Shortcut>,
    /// Its number among the [routes](super::requests::Route) that are counted.
    number: usize,
    /// What the application said, once it has.
    head: OnceCell<Vec<(HeaderName, HeaderValue)>>,
}

impl Shortcuts {
    pub(super) fn new(shortcuts: impl Iterator<Item = Arc<Shortcut>>, books: Books) -> Self {
        let path = |shortcut: Arc<Shortcut>| {
            let number = books.number(shortcut.path());
            Rc::new(Path { shortcut, number, head: OnceCell::new() })
        };
        Self { paths: shortcuts.map(path).collect(), books }
    }

    /// Puts the layer in front of an application.
    pub fn before<I, S>(self, app: I) -> BeforeFactory<S>
    where
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request>,
    {
        BeforeFactory { app: app.into_factory(), shortcuts: Rc::new(self) }
    }

    fn of(&self, request: &Request) -> Option<&Rc<Path>> {
        let path = request.path();
        self.paths.iter().find(|known| known.shortcut.path() == path).filter(|_| is_usual(request.head()))
    }

    /// The answer, if its head is known and the caller at hand.
    fn answer<B>(&self, path: &Path, request: &Request) -> Option<Answer<B>> {
        let head = path.head.get()?;
        let began = self.books.begin();
        let body = path.shortcut.body(request.head().headers())?;
        let method = request.method().as_str();
        let entry =
            Entry { number: path.number, method, status: StatusCode::OK, size: BodySize::Sized(body.len() as u64) };
        self.books.enter(&entry, request.head(), began);
        let mut answer = Response::with_body(StatusCode::OK, EitherBody::right(Bytes::from(body)));
        for (name, value) in head {
            answer.headers_mut().append(name.clone(), value.clone());
        }
        Some(answer)
    }
}

impl Path {
    /// Keeps the head of a good answer of the handler that has the shortcut.
    fn shown<B>(&self, answer: ServiceResponse<B>) -> ServiceResponse<B> {
        let is_opened = answer.status() == StatusCode::OK && answer.response().extensions().contains::<Opened>();
        if is_opened && is_everybodys(answer.headers()) {
            let head = answer.headers().iter().map(|(name, value)| (name.clone(), value.clone()));
            self.head.get_or_init(|| head.collect());
        }
        answer
    }
}

/// An application behind its shortcuts, for one worker.
pub struct BeforeFactory<S> {
    app: S,
    shortcuts: Rc<Shortcuts>,
}

impl<S, B> ServiceFactory<Request> for BeforeFactory<S>
where
    S: ServiceFactory<Request, Config = AppConfig, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Answer<B>;
    type Error = Error;
    type Config = AppConfig;
    type Service = Before<S::Service>;
    type InitError = S::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, S::InitError>>;

    fn new_service(&self, config: AppConfig) -> Self::Future {
        let (app, shortcuts) = (self.app.new_service(config), Rc::clone(&self.shortcuts));
        async { Ok(Before { app: app.await?, shortcuts }) }.boxed_local()
    }
}

/// The running application behind its shortcuts.
pub struct Before<S> {
    app: S,
    shortcuts: Rc<Shortcuts>,
}

/// The form of all answers.
type Answer<B> = Response<EitherBody<B, Bytes>>;
/// How an answer of the application is passed on.
type Passed<B> = fn(ServiceResponse<B>) -> Answer<B>;
/// The application's answer, and the one that shows the head of the others.
type Asked<F, B> = Either<MapOk<F, Passed<B>>, LocalBoxFuture<'static, Result<Answer<B>, Error>>>;

impl<S, B> Service<Request> for Before<S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Answer<B>;
    type Error = Error;
    type Future = Either<Ready<Result<Answer<B>, Error>>, Asked<S::Future, B>>;

    forward_ready!(app);

    fn call(&self, request: Request) -> Self::Future {
        let path = self.shortcuts.of(&request);
        if let Some(answer) = path.and_then(|path| self.shortcuts.answer(path, &request)) {
            return Either::Left(ready(Ok(answer)));
        }
        let unknown = path.filter(|path| path.head.get().is_none()).cloned();
        let answer = self.app.call(request);
        Either::Right(match unknown {
            None => Either::Left(answer.map_ok(passed)),
            Some(path) => Either::Right(answer.map_ok(move |answer| passed(path.shown(answer))).boxed_local()),
        })
    }
}

fn passed<B>(answer: ServiceResponse<B>) -> Answer<B> {
    Response::from(answer).map_body(|_, body| EitherBody::left(body))
}
