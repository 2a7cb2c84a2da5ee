//! Why something could not be fetched.

use std::io;

use crate::model::{WebAddress, WebAddressError};
use crate::report::failure::{Explain, Kind};

/// Why something could not be fetched. Addresses are printed without their queries.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// Its certificates cannot be used.
    #[error("the certificate authorities of {named} cannot be used")]
    Authorities {
        /// What names them.
        named: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Its configuration cannot be read.
    #[error("cargo's configuration `{file}` cannot be read")]
    Configuration {
        /// The file.
        file: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The answer is packed, which nobody asked for.
    #[error("`{address}` sends something compressed, which was not asked for")]
    Compressed {
        /// Where.
        address: WebAddress,
    },
    /// The way there, or the answer, broke off.
    #[error("`{address}` cannot be fetched")]
    Failed {
        /// Where.
        address: WebAddress,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The network is not to be used.
    #[error("`{address}` cannot be fetched offline")]
    Offline {
        /// Where.
        address: WebAddress,
        /// What keeps the network out.
        by: String,
    },
    /// The proxy is none. Its address is not printed: it can hold a password.
    #[error("the proxy that {named} names is not an address of one")]
    Proxy {
        /// What names it.
        named: String,
    },
    /// It leads to a place that is not gone to.
    #[error("`{address}` redirects to an address that {why}")]
    Redirect {
        /// Where from.
        address: WebAddress,
        /// Why not. It is no cause of its own: the text says it.
        why: WebAddressError,
    },
    /// It leads on and on.
    #[error("`{address}` redirects more than {limit} times")]
    Redirects {
        /// The first one.
        address: WebAddress,
        /// How many are followed.
        limit: u32,
    },
    /// The server has something else to say.
    #[error("`{address}` answers with status {status}")]
    Status {
        /// Where.
        address: WebAddress,
        /// The status of HTTP.
        status: u16,
    },
    /// It is larger than such a thing can be.
    #[error("`{address}` sends more than {limit} bytes")]
    TooLarge {
        /// Where.
        address: WebAddress,
        /// How many are read.
        limit: u64,
    },
}

impl Explain for NetError {
    fn kind(&self) -> Kind {
        match self {
            Self::Proxy { .. } => Kind::Usage,
            _ => Kind::Undecided,
        }
    }

    fn help(&self) -> Vec<String> {
        let help = match self {
            Self::Offline { by, .. } => return vec![format!("run it again without {by}")],
            Self::Authorities { .. } => {
                "`CARGO_HTTP_CAINFO`, `http.cainfo` and `SSL_CERT_FILE` name a file of certificates in PEM"
            }
            Self::Configuration { .. } => "correct the file; cargo reads it, too",
            Self::Failed { .. } => {
                "behind a proxy, set `HTTPS_PROXY`; with certificate authorities of your own, `SSL_CERT_FILE`"
            }
            Self::Proxy { .. } => "write it as `http://HOST:PORT` or `socks5h://HOST:PORT`",
            Self::Redirect { .. } | Self::Redirects { .. } => {
                "open the address in a browser, and use the one that it ends at"
            }
            Self::Status { status: 403 | 404 | 410, .. } => "see whether the address is still right",
            Self::Status { status: 407, .. } => {
                "the proxy wants a name and a password: `HTTPS_PROXY=http://NAME:PASSWORD@HOST`"
            }
            Self::Status { .. } => "try again later",
            Self::Compressed { .. } | Self::TooLarge { .. } => {
                "see in a browser whether it is what you expect"
            }
        };
        vec![help.to_owned()]
    }
}
