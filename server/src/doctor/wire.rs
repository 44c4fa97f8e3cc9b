//! The requests of the doctor, without anything that a browser would do by itself.

use std::{error::Error, sync::Arc, time::Duration};

use countersign_adapters::origin::Origin;
use ureq::{
    Agent,
    http::{HeaderMap, Request},
    tls::{Certificate, RootCerts, TlsConfig},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How much of a body is read: none is looked at.
const LONGEST: u64 = 1_048_576;

/// A connection to one server.
pub struct Wire {
    agent: Agent,
}

/// An answer as far as a browser judges it.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
}

impl Answer {
    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect()
    }
}

impl Wire {
    /// To the server at `server`. With TLS it trusts the certificates that the system trusts, as mails do.
    pub fn to(server: &Origin) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("countersign-doctor/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(PATIENCE));
        // No proxy of the environment leads to this machine.
        let config = if server.is_loopback() { config.proxy(None) } else { config };
        let config = if server.is_https { config.tls_config(tls()) } else { config };
        Self { agent: config.build().into() }
    }

    /// Sends a request; a body is JSON.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn send(
        &self,
        (method, url): (&str, &str),
        headers: &[(&str, String)],
        body: Option<String>,
    ) -> Result<Answer, String> {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let answered = match body {
            None => request.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request)),
            Some(body) => request.body(body).map_err(ureq::Error::from).and_then(|request| self.agent.run(request)),
        };
        let mut response = answered.map_err(|error| reason(&error))?;
        // So that the connection can be used again; what is in it says nothing to a browser's rules.
        let _ = response.body_mut().with_config().limit(LONGEST).read_to_vec();
        Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone() })
    }
}

fn tls() -> TlsConfig {
    let trusted = rustls_native_certs::load_native_certs().certs;
    let trusted = trusted.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(trusted)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build()
}

/// The library's words with those of what lies below, which often say more.
fn reason(error: &ureq::Error) -> String {
    let mut words = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        below = cause.source();
    }
    words
}
