//! The only reader of the environment and the clock.
//!
//! What is read here decides how things look, where cargo's home is, and whether the network is used; it never decides what
//! is trusted. Everything is read once, into an [`Environment`]; what follows from it and the flags are pure functions.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::global::{ColorWhen, Global, MessageFormat};
use crate::cargo;
use crate::model::{Clock, Network, Surroundings, Timestamp, Transport};
use crate::render::{Charset, Format, Verbosity};
use crate::report::failure::{Failure, Kind};
use crate::shell::{Color, Colors, Pager};

/// Everything that the process was given.
#[derive(Clone, Debug)]
pub struct Environment {
    arguments: Vec<OsString>,
    variables: BTreeMap<OsString, OsString>,
    program: Option<PathBuf>,
    directory: Option<PathBuf>,
    home: Option<PathBuf>,
    now: u64,
    started: Instant,
    terminals: Terminals,
}

/// Which streams are terminals.
#[derive(Clone, Copy, Debug, Default)]
struct Terminals {
    input: bool,
    out: bool,
    err: bool,
}

/// How a run looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// The form of the report.
    pub format: Format,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Which characters draw frames.
    pub charset: Charset,
    /// Which streams are colored.
    pub colors: Colors,
    /// The progress bar's room in columns; `None` for no progress bar.
    pub progress: Option<u16>,
}

/// The width of the progress line where `CARGO_TERM_PROGRESS_WIDTH` does not say: cargo's own limit.
const PROGRESS_WIDTH: u16 = 80;

/// The last second that a date of four digits can name.
const LAST_SECOND: u64 = 253_402_300_799;

/// Variables that make cargo run or compile with something else, named in full.
const OVERRIDES: [&str; 11] = [
    "CARGO_ALIAS_PROVENANCE",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTC",
    "RUSTC_BOOTSTRAP",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// Variables that hold what signs or publishes, or lead to it, named in full.
const SECRETS: [&str; 8] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "COSIGN_PASSWORD",
    "COSIGN_PRIVATE_KEY",
    "SIGSTORE_ID_TOKEN",
    "SSH_AGENT_PID",
    "SSH_ASKPASS",
    "SSH_AUTH_SOCK",
];

impl Environment {
    /// Reads what the process was given.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads environment and clock")]
    pub fn read() -> Self {
        Self {
            arguments: std::env::args_os().collect(),
            variables: std::env::vars_os().collect(),
            program: std::env::current_exe().ok(),
            directory: std::env::current_dir().ok(),
            home: std::env::home_dir().filter(|home| !home.as_os_str().is_empty()),
            now: now().0,
            started: Instant::now(),
            terminals: Terminals {
                input: std::io::stdin().is_terminal(),
                out: std::io::stdout().is_terminal(),
                err: std::io::stderr().is_terminal(),
            },
        }
    }

    /// The same process later: everything but the clock is as it was given.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads environment and clock")]
    pub fn later(&self) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self { now, ..self.clone() }
    }

    /// The command line, program name first.
    pub fn arguments(&self) -> &[OsString] {
        &self.arguments
    }

    /// When the process began.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// The colors before anything but `--color` is known.
    pub fn colors(&self, flag: Option<ColorWhen>) -> Colors {
        Colors { out: self.color(flag, self.terminals.out), err: self.color(flag, self.terminals.err) }
    }

    /// How the run looks.
    pub fn presentation(&self, global: &Global) -> Presentation {
        let verbosity = self.verbosity(global);
        Presentation {
            format: match global.message_format {
                None | Some(MessageFormat::Human) => Format::Human,
                Some(MessageFormat::Short) => Format::Short,
                Some(MessageFormat::Json) => Format::Json,
                Some(MessageFormat::Sarif) => Format::Sarif,
                Some(MessageFormat::Github) => Format::Github,
                Some(MessageFormat::Junit) => Format::Junit,
                Some(MessageFormat::Markdown) => Format::Markdown,
            },
            verbosity,
            charset: if self.flag("CARGO_TERM_UNICODE") == Some(true) {
                Charset::Unicode
            } else {
                Charset::Ascii
            },
            colors: self.colors(global.color),
            progress: self.progress(verbosity),
        }
    }

    /// Whether anybody answers questions: a person at a terminal, who is shown what they are about.
    pub fn answers(&self, global: &Global) -> bool {
        let Presentation { format, verbosity, .. } = self.presentation(global);
        let is_attended = self.terminals.input && self.terminals.err && !self.is_ci();
        is_attended && format == Format::Human && verbosity != Verbosity::Quiet && !global.is_locked()
    }

    /// The program that shows long output page by page, where a person looks at a terminal: `CARGO_PROVENANCE_PAGER`, else
    /// `PAGER`, else `less`. One that is set to nothing, or to `cat`, is none.
    pub fn pager(&self, format: Format) -> Option<Pager> {
        if format == Format::Json || !self.terminals.out || !self.has_capable_terminal() || self.is_ci() {
            return None;
        }
        let mut names = ["CARGO_PROVENANCE_PAGER", "PAGER"].iter();
        let named = names.find_map(|name| self.variables.get(OsStr::new(name)));
        let pager = Pager::parse(named.map_or(Some("less"), |named| named.to_str())?)?;
        // As git does: escape codes are colors, what fits is not paged, and what was read stays on the screen. An interrupt
        // ends `less` too, which would otherwise outlive this process.
        let unset =
            [("LESS", "FRXK"), ("LV", "-c")].into_iter().filter(|(name, _)| self.variable(name).is_none());
        Some(unset.fold(pager, |pager, (name, value)| pager.with(name, value)))
    }

    /// Where the run takes place.
    ///
    /// # Errors
    ///
    /// A current directory that is gone, a home that is nowhere, a manifest path that names no `Cargo.toml`, a
    /// `CARGO_NET_OFFLINE` that is neither true nor false.
    pub fn surroundings(&self, global: &Global) -> Result<Surroundings, Failure> {
        let directory = self.directory()?;
        let cargo_home = self.cargo_home(directory)?;
        let offline_by = self.offline_by(global, directory, &cargo_home)?;
        Ok(Surroundings {
            manifest_path: match &global.manifest_path {
                Some(path) => Some(manifest_path(&directory.join(path))?),
                None => None,
            },
            cargo: self.variable("CARGO").map_or_else(|| "cargo".into(), OsStr::to_owned),
            lockfile: self.variable("CARGO_RESOLVER_LOCKFILE_PATH").map(|path| directory.join(path)),
            overrides: self.overrides(),
            agent: self.agent()?,
            network: if offline_by.is_some() { Network::Forbidden } else { Network::Allowed },
            offline_by,
            transport: self.transport()?,
            clock: self.clock(),
            user: self.user(),
            directory: directory.to_owned(),
            cargo_home,
        })
    }

    /// Variables that change what cargo makes, besides those that make it run something else.
    pub fn build_settings(&self) -> Vec<(String, String)> {
        let changes = |name: &str| {
            ["CARGO_PROFILE_", "CARGO_UNSTABLE_"].iter().any(|start| name.starts_with(start))
                || ["CARGO_BUILD_TARGET", "SOURCE_DATE_EPOCH"].contains(&name)
        };
        let text = |text: &OsString| text.to_string_lossy().into_owned();
        let all = self.variables.iter().map(|(name, value)| (text(name), text(value)));
        all.filter(|(name, value)| changes(name) && !value.is_empty()).collect()
    }

    /// The names of variables that hold a key, a passphrase or a token to publish or to sign with, or that lead to an agent.
    pub fn secrets(&self) -> Vec<OsString> {
        let is_secret = |name: &str, value: &str| {
            SECRETS.contains(&name)
                || name.contains("PASSPHRASE")
                || (name.starts_with("CARGO_REGISTR") && name.ends_with("_TOKEN"))
                || value.contains("PRIVATE KEY-----")
        };
        let variables = self.variables.iter();
        let secret =
            variables.filter(|(name, value)| is_secret(&name.to_string_lossy(), &value.to_string_lossy()));
        secret.map(|(name, _)| name.clone()).collect()
    }

    /// The time of this run.
    pub fn clock(&self) -> Clock {
        Clock(self.now)
    }

    /// `SSH_AUTH_SOCK`: where an ssh-agent listens, absolute.
    ///
    /// # Errors
    ///
    /// A current directory that is gone.
    pub fn agent(&self) -> Result<Option<PathBuf>, Failure> {
        self.variable("SSH_AUTH_SOCK").map(|path| self.absolute(Path::new(path))).transpose()
    }

    /// A path from the command line, absolute.
    ///
    /// # Errors
    ///
    /// A current directory that is gone.
    pub fn absolute(&self, path: &Path) -> Result<PathBuf, Failure> {
        Ok(self.directory()?.join(path))
    }

    /// The program that was installed beside this one, or its name where none was, to be looked for in `PATH`.
    pub fn beside_this(&self, name: &str) -> PathBuf {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let beside = self.program.as_ref().map(|program| program.with_file_name(file));
        beside.filter(|beside| beside.is_file()).unwrap_or_else(|| name.into())
    }

    /// Where cargo builds by the environment, absolute.
    ///
    /// # Errors
    ///
    /// A current directory that is gone.
    pub fn target_directory(&self) -> Result<Option<PathBuf>, Failure> {
        let named = self.variable("CARGO_TARGET_DIR").or_else(|| self.variable("CARGO_BUILD_TARGET_DIR"));
        named.map(|named| self.absolute(Path::new(named))).transpose()
    }

    /// The time that documents bear: `SOURCE_DATE_EPOCH`, so that the same input makes the same bytes; else now.
    ///
    /// # Errors
    ///
    /// A variable that holds no number of seconds of the years 1970 to 9999.
    pub fn document_time(&self) -> Result<Timestamp, Failure> {
        let Some(text) = self.variable("SOURCE_DATE_EPOCH") else { return Ok(Timestamp(self.now)) };
        let seconds = text.to_str().and_then(|text| text.parse().ok());
        seconds.filter(|seconds| *seconds <= LAST_SECOND).map(Timestamp).ok_or_else(|| {
            Failure::new(Kind::Usage, "`SOURCE_DATE_EPOCH` is no number of seconds since 1970")
                .help("set it to what `git log -1 --format=%ct` prints, or unset it")
        })
    }

    fn directory(&self) -> Result<&Path, Failure> {
        self.directory.as_deref().ok_or_else(|| {
            Failure::new(Kind::Undecided, "could not find out the current directory")
                .help("change to a directory that exists and can be read")
        })
    }

    /// A variable that is set to something; cargo treats empty ones as unset.
    fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.variable(name).and_then(OsStr::to_str)
    }

    /// A variable that says yes or no; anything else is as good as unset.
    fn flag(&self, name: &str) -> Option<bool> {
        match self.text(name)? {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    /// Flag, then `CARGO_TERM_COLOR`, then `NO_COLOR` and `CLICOLOR_FORCE`, then what anstream does by itself.
    fn color(&self, flag: Option<ColorWhen>, terminal: bool) -> Color {
        let when = flag.or_else(|| match self.text("CARGO_TERM_COLOR")? {
            "always" => Some(ColorWhen::Always),
            "auto" => Some(ColorWhen::Auto),
            "never" => Some(ColorWhen::Never),
            _ => None,
        });
        let wanted = match when {
            Some(ColorWhen::Always) => true,
            Some(ColorWhen::Never) => false,
            Some(ColorWhen::Auto) | None => {
                let plain = self.variable("NO_COLOR").is_some();
                let forced = self.variable("CLICOLOR_FORCE").is_some_and(|value| value != "0");
                let refused = self.text("CLICOLOR") == Some("0");
                let capable =
                    self.has_capable_terminal() || self.variable("CLICOLOR").is_some() || self.is_ci();
                !plain && (forced || (!refused && terminal && capable))
            }
        };
        if wanted { Color::On } else { Color::Off }
    }

    /// Unix terminals say what they are; on Windows most say nothing and are capable.
    fn has_capable_terminal(&self) -> bool {
        match self.variable("TERM") {
            Some(name) => name != "dumb",
            None => cfg!(windows),
        }
    }

    fn is_ci(&self) -> bool {
        self.variable("CI").is_some_and(|value| value != "false")
    }

    fn verbosity(&self, global: &Global) -> Verbosity {
        match global.verbose {
            _ if global.quiet => Verbosity::Quiet,
            0 if self.flag("CARGO_TERM_VERBOSE") == Some(true) => Verbosity::Verbose,
            0 if self.flag("CARGO_TERM_QUIET") == Some(true) => Verbosity::Quiet,
            0 => Verbosity::Normal,
            1 => Verbosity::Verbose,
            _ => Verbosity::Traced,
        }
    }

    fn progress(&self, verbosity: Verbosity) -> Option<u16> {
        let never = self.text("CARGO_TERM_PROGRESS_WHEN") == Some("never");
        let always = self.text("CARGO_TERM_PROGRESS_WHEN") == Some("always");
        let fitting = self.has_capable_terminal() && (always || !self.is_ci());
        (self.terminals.err && verbosity != Verbosity::Quiet && !never && fitting).then(|| {
            self.text("CARGO_TERM_PROGRESS_WIDTH")
                .and_then(|width| width.parse().ok())
                .unwrap_or(PROGRESS_WIDTH)
        })
    }

    /// `CARGO_HOME`, against the current directory, else `.cargo` in the home directory: cargo's own rule.
    fn cargo_home(&self, directory: &Path) -> Result<PathBuf, Failure> {
        match (self.variable("CARGO_HOME"), &self.home) {
            (Some(home), _) => Ok(directory.join(home)),
            (None, Some(home)) => Ok(directory.join(home).join(".cargo")),
            (None, None) => Err(Failure::new(Kind::Undecided, "could not find cargo's home directory")
                .help("set `CARGO_HOME`, or `HOME`")),
        }
    }

    /// What keeps the network out, if anything does. As for cargo, a flag goes before a variable, and that before files.
    fn offline_by(
        &self,
        global: &Global,
        directory: &Path,
        cargo_home: &Path,
    ) -> Result<Option<String>, Failure> {
        const VARIABLE: &str = "CARGO_NET_OFFLINE";
        let flags = [(global.offline, "`--offline`"), (global.frozen, "`--frozen`")];
        if let Some((_, flag)) = flags.into_iter().find(|(is_set, _)| *is_set) {
            return Ok(Some(flag.to_owned()));
        }
        if self.text(VARIABLE).is_none() && self.variable(VARIABLE).is_none() {
            return Ok(cargo::offline(directory, cargo_home));
        }
        match self.flag(VARIABLE) {
            Some(is_offline) => Ok(is_offline.then(|| format!("`{VARIABLE}`"))),
            None => Err(Failure::new(Kind::Usage, "`CARGO_NET_OFFLINE` is neither `true` nor `false`")),
        }
    }

    /// The way to the web, as cargo and curl are told it.
    fn transport(&self) -> Result<Transport, Failure> {
        // Where both spellings are set, curl takes the small one.
        let any = |names: &[&str]| {
            names
                .iter()
                .find_map(|name| self.variable(name))
                .map(|value| value.to_string_lossy().into_owned())
        };
        let path = |name| self.variable(name).map(|path| self.absolute(Path::new(path))).transpose();
        let timeout = self.variable("CARGO_HTTP_TIMEOUT").map(|text| {
            text.to_str()
                .and_then(|text| text.parse().ok())
                .filter(|seconds| *seconds > 0)
                .ok_or_else(|| Failure::new(Kind::Usage, "`CARGO_HTTP_TIMEOUT` is no number of seconds"))
        });
        Ok(Transport {
            cargo_proxy: any(&["CARGO_HTTP_PROXY"]),
            proxy: any(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            no_proxy: any(&["no_proxy", "NO_PROXY"]),
            cargo_cainfo: path("CARGO_HTTP_CAINFO")?,
            cainfo: path("SSL_CERT_FILE")?,
            timeout: timeout.transpose()?,
        })
    }

    /// `RUSTC_WRAPPER` and its like, and the families that cargo builds from a target's, source's or registry's name.
    fn overrides(&self) -> Vec<(String, String)> {
        let listed = |name: &str, value: &str| {
            let family = |prefix: &str, ends: &[&str]| {
                name.starts_with(prefix) && ends.iter().any(|end| name.ends_with(end))
            };
            OVERRIDES.contains(&name)
                || family("CARGO_TARGET_", &["_LINKER", "_RUNNER", "_RUSTFLAGS"])
                || family("CARGO_REGISTRIES_", &["_INDEX"])
                || name.starts_with("CARGO_SOURCE_")
                // Rustup sets it in every process that it starts; only a path names a toolchain that nobody installed.
                || (name == "RUSTUP_TOOLCHAIN" && value.contains(['/', '\\']))
        };
        self.variables
            .iter()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .filter(|(name, value)| !value.is_empty() && listed(name, value))
            .collect()
    }

    fn user(&self) -> String {
        ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL", "EMAIL", "USER", "LOGNAME", "USERNAME"]
            .into_iter()
            .find_map(|name| self.text(name))
            .unwrap_or("unknown")
            .to_owned()
    }
}

/// The time now, for what takes so long that its end is told, too.
#[expect(clippy::disallowed_methods, reason = "the one place that reads environment and clock")]
pub fn now() -> Clock {
    Clock(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

fn manifest_path(path: &Path) -> Result<PathBuf, Failure> {
    if !path.ends_with("Cargo.toml") {
        return Err(Failure::new(Kind::Usage, "the manifest-path must be a path to a Cargo.toml file"));
    }
    if !path.is_file() {
        return Err(Failure::new(Kind::Usage, format!("manifest path `{}` does not exist", path.display())));
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests;
