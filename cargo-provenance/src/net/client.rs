//! Fetches bounded answers, one at a time.

use std::io::{self, Read};
use std::time::Duration;

use ureq::http::{Response, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, Timeout};

use super::error::NetError;
use super::settings::Settings;
use crate::model::{Network, Surroundings, WebAddress};

/// Who asks, so that whoever runs a server can tell and complain.
const USER_AGENT: &str =
    concat!("cargo-provenance/", env!("CARGO_PKG_VERSION"), " (", env!("CARGO_PKG_REPOSITORY"), ")");

/// Redirections that are followed: `http.redirects` of browsers is 20, and no server of audits has more than two.
const REDIRECTS: u32 = 5;

/// For one whole answer, whatever trickles in.
const WHOLE: Duration = Duration::from_secs(300);

/// Fetches from the web, or refuses to.
pub struct Client {
    /// What keeps the network out, where it is not to be used.
    way: Result<Way, String>,
}

/// Where the network may be used: what asks through the proxy, and what asks without one.
struct Way {
    settings: Settings,
    proxied: Agent,
    direct: Agent,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Body {
    /// What was sent.
    pub bytes: Vec<u8>,
    /// Where it was in the end.
    pub address: WebAddress,
    /// The kind of object that a Gitiles host says it sends, which it does in base64.
    pub gitiles_object: Option<String>,
}

impl Client {
    /// A client for a run. Where the network is not to be used it exists, and refuses every request.
    ///
    /// # Errors
    ///
    /// A proxy or certificate authorities that are named and cannot be used.
    pub fn new(surroundings: &Surroundings) -> Result<Self, NetError> {
        if surroundings.network == Network::Forbidden {
            return Ok(Self { way: Err(surroundings.offline_by.clone().unwrap_or_default()) });
        }
        let settings = Settings::of(surroundings)?;
        let agent = |proxy| {
            let config = Agent::config_builder()
                .accept("*/*")
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(proxy)
                .timeout_connect(Some(settings.timeout))
                .timeout_global(Some(WHOLE.max(settings.timeout)))
                .timeout_per_read(Some(settings.timeout))
                .timeout_resolve(Some(settings.timeout))
                .tls_config(TlsConfig::builder().root_certs(settings.roots.clone()).build())
                .user_agent(USER_AGENT);
            config.build().new_agent()
        };
        let (proxied, direct) = (agent(settings.proxy.clone()), agent(None));
        Ok(Self { way: Ok(Way { settings, proxied, direct }) })
    }

    /// Fetches what lies at an address, at most `limit` bytes of it.
    ///
    /// # Errors
    ///
    /// No network, no answer, another one than 200, one that is too large or broke off, and redirections that lead away from
    /// `https`.
    pub fn get(&self, address: &WebAddress, limit: u64) -> Result<Body, NetError> {
        let offline = |by: &String| NetError::Offline { address: address.clone(), by: by.clone() };
        let way = self.way.as_ref().map_err(offline)?;
        let mut at = address.clone();
        for _ in 0..=REDIRECTS {
            let response = way.ask(&at)?;
            let status = response.status().as_u16();
            match status {
                200 => return body(response, at, limit),
                301 | 302 | 303 | 307 | 308 => {
                    let location = response.headers().get(header::LOCATION);
                    let Some(location) = location else {
                        return Err(NetError::Status { address: at, status });
                    };
                    let next = at.redirected(location.to_str().unwrap_or_default());
                    at = next.map_err(|why| NetError::Redirect { address: at, why })?;
                }
                _ => return Err(NetError::Status { address: at, status }),
            }
        }
        Err(NetError::Redirects { address: address.clone(), limit: REDIRECTS })
    }
}

impl Way {
    fn ask(&self, address: &WebAddress) -> Result<Response<ureq::Body>, NetError> {
        // What is not protected is this machine's own, and no business of a proxy.
        let direct = !address.is_secure() || self.settings.is_direct(address.host());
        let agent = if direct { &self.direct } else { &self.proxied };
        let failed = |error| NetError::Failed { address: address.clone(), source: cause(error) };
        agent.get(address.as_written()).call().map_err(failed)
    }
}

fn body(response: Response<ureq::Body>, address: WebAddress, limit: u64) -> Result<Body, NetError> {
    let encoding = response.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(NetError::Compressed { address });
    }
    let gitiles_object = response.headers().get("x-gitiles-object-type");
    let gitiles_object = gitiles_object.map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
    let mut bytes = vec![];
    let mut reader = response.into_body().into_reader().take(limit.saturating_add(1));
    match reader.read_to_end(&mut bytes) {
        Err(error) => {
            let source = error.downcast::<ureq::Error>().map_or_else(|error| error, cause);
            Err(NetError::Failed { address, source })
        }
        Ok(_) if bytes.len() as u64 > limit => Err(NetError::TooLarge { address, limit }),
        Ok(_) => Ok(Body { bytes, address, gitiles_object }),
    }
}

/// Why nothing came, in words that name neither the address, which can hold a token, nor the proxy's.
fn cause(error: ureq::Error) -> io::Error {
    let text = match error {
        ureq::Error::Io(error) => return error,
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => "nobody answers in time".to_owned(),
        ureq::Error::Timeout(_) => "it takes too long".to_owned(),
        ureq::Error::HostNotFound => "there is no such host".to_owned(),
        ureq::Error::ConnectProxyFailed(_) => "the proxy does not let it through".to_owned(),
        ureq::Error::BadUri(_) | ureq::Error::InvalidProxyUrl => "its address is none".to_owned(),
        error => error.to_string(),
    };
    io::Error::other(text)
}

#[cfg(test)]
mod tests;
