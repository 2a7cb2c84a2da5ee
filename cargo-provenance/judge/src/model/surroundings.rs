//! Everything a use case may know of the machine it runs on, read once by `cli::settings` and handed down.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Where and how this run takes place.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The directory the command was started in, absolute.
    pub directory: PathBuf,
    /// `--manifest-path`, absolute.
    pub manifest_path: Option<PathBuf>,
    /// The cargo home, absolute.
    pub cargo_home: PathBuf,
    /// The cargo to call back: `$CARGO`, else `cargo`.
    pub cargo: OsString,
    /// `CARGO_RESOLVER_LOCKFILE_PATH`, absolute.
    pub lockfile: Option<PathBuf>,
    /// Environment variables that make cargo run other code (`RUSTC_WRAPPER`, `RUSTC`, …), for `verify -v`.
    pub overrides: Vec<(String, String)>,
    /// `SSH_AUTH_SOCK`: where an ssh-agent listens, absolute.
    pub agent: Option<PathBuf>,
    /// Whether cargo may use the network.
    pub network: Network,
    /// What keeps the network out, where it is kept out: a fragment that names the flag, the variable or the file.
    pub offline_by: Option<String>,
    /// How this program itself gets to the web.
    pub transport: Transport,
    /// The time of this run.
    pub clock: Clock,
    /// Who is at the keyboard, for acceptances: `git config user.email`'s environment or the login name.
    pub user: String,
}

/// What the environment says of the way to the web. It decides which machines carry the bytes, never what is accepted of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Transport {
    /// `CARGO_HTTP_PROXY`, which goes before cargo's configuration.
    pub cargo_proxy: Option<String>,
    /// `HTTPS_PROXY`, else `ALL_PROXY`.
    pub proxy: Option<String>,
    /// `NO_PROXY`: hosts that are reached without one.
    pub no_proxy: Option<String>,
    /// `CARGO_HTTP_CAINFO`, absolute, which goes before cargo's configuration.
    pub cargo_cainfo: Option<PathBuf>,
    /// `SSL_CERT_FILE`, absolute.
    pub cainfo: Option<PathBuf>,
    /// `CARGO_HTTP_TIMEOUT`, in seconds, which goes before cargo's configuration.
    pub timeout: Option<u64>,
}

// The address of a proxy can hold a password.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

/// Whether the network may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Cargo may download.
    Allowed,
    /// `--offline`, `--frozen`, `CARGO_NET_OFFLINE` or `net.offline` of cargo's configuration.
    Forbidden,
}

/// The time of this run: seconds since the Unix epoch. A value that is handed down, so that tests choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock(pub u64);
