//! `[[extends]]`: an organisation's policy under the workspace's own.
//!
//! The base is named by path and by SHA-256, so that the digest of the policy, and with it the signature of the manifest,
//! covers what it says. Its settings count where the workspace has none. What it lists as `locked` the workspace can tighten,
//! and never loosen.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use provenance_build::signing::{Revoked, Trust, TrustedKey};
use provenance_build::{Checksum, Moment};
use sha2::{Digest as _, Sha256};
use toml_span::Span;
use toml_span::value::{Table, Value};

use super::catalogue::{self, Firmness, Known, Setting};
use super::reader::{Reader, Result, did_you_mean, quoted};
use super::{At, Level, Origin, Policy, PolicyError, PolicyErrorKind, Pubtime};

/// Reads the bytes of a file that lies at a path relative to the policy's; why not, where it cannot.
pub type Fetch<'f> = &'f dyn Fn(&Path) -> Result<Vec<u8>, String>;

/// What can be locked besides a single check.
const LOCKS: [&str; 10] = [
    "advisories",
    "audits",
    "checks",
    "exception",
    "licenses.allow",
    "names.known",
    "own",
    "signing",
    "sources.git",
    "sources.registries",
];

/// Bytes of a path.
const PATH_BYTES: usize = 1_024;

/// The policy that is extended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extends {
    /// Relative to the policy's file.
    pub(super) path: String,
    sha256: Checksum,
}

/// Something that a base locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    Advisories,
    Audits,
    Check(&'static str),
    Checks,
    Exception,
    Known,
    Licenses,
    Git,
    Own,
    Registries,
    Signing,
}

/// Which file a policy is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The workspace's own.
    Own,
    /// One that another extends.
    Base,
}

impl Reader<'_> {
    /// The one base, if there is any.
    pub(super) fn extends(&self, value: Value<'_>) -> Result<Option<At<Extends>>> {
        let mut entries = self.array(value, "extends")?.into_iter();
        let Some(mut entry) = entries.next() else { return Ok(None) };
        if let Some(second) = entries.next() {
            let help = "let the organisation put its policies into one file";
            return Err(self.invalid(second.span, "a policy extends one other at most", help));
        }
        let span = entry.span;
        let table = self.table(&mut entry, span, "extends")?;
        self.known(&table, "extends", &["path", "sha256"])?;
        let help = "write `path`, relative to this file, and `sha256`, as `sha256sum` prints it";
        let text = |key: &str| -> Result<(String, Span)> {
            let Some(value) = table.get(key) else {
                return Err(self.invalid(span, &format!("an entry of `extends` has no `{key}`"), help));
            };
            let text =
                value.as_str().ok_or_else(|| self.wanted(value, &format!("`{key}`"), "a string", help));
            Ok((text?.to_owned(), value.span))
        };
        let (path, at) = text("path")?;
        let is_relative = !path.is_empty() && path.len() <= PATH_BYTES && !path.starts_with('/');
        if !is_relative || path.chars().any(|c| c.is_control() || matches!(c, '\\' | ':')) {
            return Err(self.invalid(at, &format!("`{}` is not a relative path", quoted(&path)), help));
        }
        let (digest, at) = text("sha256")?;
        match Checksum::from_hex(&digest) {
            Some(sha256) => Ok(Some(At { value: Extends { path, sha256 }, line: self.line(span) })),
            None => Err(self.invalid(at, &format!("`{}` is not a SHA-256", quoted(&digest)), help)),
        }
    }

    /// What a base locks. It must be set there, or nobody could tell what is looser.
    pub(super) fn locked(&self, value: Value<'_>, policy: &Policy, known: &[Known]) -> Result<Vec<Lock>> {
        let help = "write settings such as `\"checks.version-too-new\"` or `\"licenses.allow\"`";
        let mut locks = vec![];
        for entry in self.array(value, "locked")? {
            let Some(text) = entry.as_str() else {
                return Err(self.wanted(&entry, "an entry of `locked`", "a string", help));
            };
            let unset = || {
                let what = format!("`{}` is locked, and not set here", quoted(text));
                Err(self.invalid(entry.span, &what, "set it in this file, or do not lock it"))
            };
            let lock = match (text, text.strip_prefix("checks.")) {
                (_, Some(id)) => match catalogue::find(known, id) {
                    Some(check) if check.firmness == Firmness::Planned => {
                        return Err(self.unsupported(entry.span, &format!("check `{id}`")));
                    }
                    Some(check) if policy.setting(check.id).is_none() => return unset(),
                    Some(check) => Lock::Check(check.id),
                    None => {
                        let what = format!("`{}` is not a check", quoted(id));
                        let ids = known.iter().map(|known| known.id);
                        return Err(self.invalid(entry.span, &what, &did_you_mean(id, ids)));
                    }
                },
                ("advisories", _) if policy.advisories_line.is_none() => return unset(),
                ("audits", _) if policy.audits.is_none() => return unset(),
                ("licenses.allow", _) if policy.licenses.is_none() => return unset(),
                ("sources.git", _) if policy.git.is_none() => return unset(),
                ("sources.registries", _) => match &policy.registries {
                    None => return unset(),
                    Some(registries) => {
                        self.no_names(registries)?;
                        Lock::Registries
                    }
                },
                ("signing", _) if policy.signing == Trust::default() => return unset(),
                ("advisories", _) => Lock::Advisories,
                ("audits", _) => Lock::Audits,
                ("checks", _) => Lock::Checks,
                ("exception", _) => Lock::Exception,
                ("licenses.allow", _) => Lock::Licenses,
                ("names.known", _) => Lock::Known,
                // Where it is not set here, there is none.
                ("own", _) => Lock::Own,
                ("signing", _) => Lock::Signing,
                ("sources.git", _) => Lock::Git,
                _ => {
                    let what = format!("`{}` cannot be locked", quoted(text));
                    return Err(self.invalid(entry.span, &what, &did_you_mean(text, LOCKS.into_iter())));
                }
            };
            locks.push(lock);
        }
        Ok(locks)
    }

    /// A name from a cargo configuration means what the repository says, which no lock could hold.
    fn no_names(&self, registries: &[At<super::Registry>]) -> Result<()> {
        let is_name = |name: &str| name != "crates-io" && !name.contains('+');
        match registries.iter().find(|at| is_name(&at.value.name)) {
            None => Ok(()),
            Some(At { value, line }) => Err(PolicyError {
                file: self.file.to_owned(),
                line: *line,
                kind: PolicyErrorKind::Invalid,
                what: format!("`{}` means what each repository's cargo configuration says", value.name),
                help: "write the source as `Cargo.lock` has it, such as `\"sparse+https://…\"`".to_owned(),
            }),
        }
    }

    /// Settings that only the workspace's own policy can have. What is locked is what that may have at most, or must have at
    /// least.
    pub(super) fn only_base(&self, root: &Table<'_>, locked: Option<&Value<'_>>) -> Result<()> {
        let locked = locked.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (key, why, help) in [
            ("extends", "a policy that is extended extends none itself", "write what it says into this file"),
            (
                "own",
                "`own` is about one workspace, and here only what it may list, where that is locked",
                "list its paths in the workspace's own policy, or add \"own\" to `locked`",
            ),
            (
                "signing",
                "`[signing]` is about one workspace, since build scripts read it from there alone, and here only what it must \
                 ask for, where that is locked",
                "list the keys in the workspace's own policy, or add \"signing\" to `locked`",
            ),
            (
                "source",
                "`[source]` is about one repository: it names a commit of it",
                "write it into the workspace's own policy",
            ),
        ] {
            let is_locked = key != "extends" && locked.iter().any(|it| it.as_str() == Some(key));
            if let Some((key, _)) = root.get_key_value(key).filter(|_| !is_locked) {
                return Err(self.invalid(key.span, why, help));
            }
        }
        Ok(())
    }
}

impl Extends {
    /// Fetches the bytes of the base and compares them with the digest. `policy` is the file that names it.
    pub(super) fn fetch(&self, policy: &Path, line: u32, fetch: Fetch<'_>) -> Result<Vec<u8>> {
        let failed = |what: String, help: String| PolicyError {
            file: policy.to_owned(),
            line,
            kind: PolicyErrorKind::Invalid,
            what,
            help,
        };
        let bytes = fetch(Path::new(&self.path)).map_err(|why| {
            let help = "bring the organisation's policy there, or correct `path`";
            failed(format!("the extended `{}` cannot be read: {why}", self.path), help.to_owned())
        })?;
        let found = Checksum::from_bytes(Sha256::digest(&bytes).into());
        if found == self.sha256 {
            return Ok(bytes);
        }
        let mut what = String::new();
        let _ = write!(
            what,
            "the extended `{}` is not the one that was meant: its SHA-256 is {}",
            self.path,
            found.hex()
        );
        let help = format!("review what changed in it, then write `sha256 = \"{}\"`", found.hex());
        Err(failed(what, help))
    }

    /// The file of the base, beside the one that names it.
    pub(super) fn file(&self, policy: &Path) -> PathBuf {
        policy.parent().unwrap_or(Path::new("")).join(&self.path)
    }
}

impl Policy {
    /// Puts a base under this policy. `path` is where it lies, relative to this one's file.
    pub(super) fn put_upon(self, base: Self, file: &Path, path: &str) -> Result<Self> {
        let looser = |line: u32, what: &str, by: u32| PolicyError {
            file: file.to_owned(),
            line,
            kind: PolicyErrorKind::Invalid,
            what: format!("{what} is looser than what `{path}` locks"),
            help: format!("remove it, or ask whoever keeps `{path}` (line {by})"),
        };
        for lock in &base.locks {
            if let Some((line, what, by)) = self.loosens(lock, &base) {
                // What is not there at all is missing where the base is named.
                let line = if line == 0 { self.extends.as_ref().map_or(0, |at| at.line) } else { line };
                return Err(looser(line, &what, by));
            }
        }
        Ok(self.merged(base, path))
    }

    /// What this policy loosens of something that `base` locks: the line, what stands there, and the line of the base.
    fn loosens(&self, lock: &Lock, base: &Self) -> Option<(u32, String, u32)> {
        match lock {
            Lock::Check(id) => self.loosens_check(id, base),
            Lock::Checks => base.checks.iter().find_map(|(id, _)| self.loosens_check(id, base)),
            // It counts as a whole: one of the workspace's own would do without whatever it does not say again.
            Lock::Audits => {
                let own = self.audits.as_ref()?;
                Some((own.required.line, "`[audits]` of the workspace's own".to_owned(), base.locked_line))
            }
            Lock::Exception => {
                let first = self.exceptions.first()?;
                Some((first.line, "an exception".to_owned(), base.locked_line))
            }
            Lock::Licenses => {
                let allowed = base.licenses.as_ref()?;
                let is_new = |at: &&At<_>| !allowed.value.iter().any(|base| base.value == at.value);
                let new = self.licenses.as_ref()?.value.iter().find(is_new)?;
                Some((new.line, format!("`{}`", new.value), allowed.line))
            }
            Lock::Git => {
                let listed = base.git.as_ref()?;
                let new =
                    self.git.as_ref()?.iter().find(|at| !listed.iter().any(|it| it.value == at.value))?;
                Some((new.line, format!("`{}`", new.value), base.locked_line))
            }
            Lock::Registries => {
                let listed = base.registries.as_ref()?;
                let fits = |at: &At<super::Registry>| {
                    listed.iter().any(|it| {
                        it.value.name == at.value.name
                            && (it.value.pubtime == at.value.pubtime || at.value.pubtime == Pubtime::Expected)
                    })
                };
                let new = self.registries.as_ref()?.iter().find(|at| !fits(at))?;
                Some((new.line, format!("`{}`", new.value.name), base.locked_line))
            }
            Lock::Own => {
                let new = self.own.iter().find(|at| !base.own.iter().any(|it| it.value == at.value))?;
                Some((new.line, format!("`{}` in `own`", new.value.as_str()), base.locked_line))
            }
            Lock::Signing => {
                let (line, what) = loosens_signing(&self.signing, &base.signing)?;
                Some((line, what, base.locked_line))
            }
            Lock::Known => {
                let new = self.names.known.iter();
                let new = new.clone().find(|at| !base.names.known.iter().any(|it| it.value == at.value))?;
                Some((new.line, format!("`{}`", new.value), base.locked_line))
            }
            Lock::Advisories => {
                let line = self.advisories_line?;
                let own = self.databases();
                let is_there = |database: &super::Database| {
                    own.iter().any(|at| {
                        let age =
                            |database: &super::Database| database.max_age.map_or(u64::MAX, |age| age.seconds);
                        at.value.origin == database.origin && age(&at.value) <= age(database)
                    })
                };
                let missing = base.databases().into_iter().find(|at| !is_there(&at.value))?;
                let what =
                    format!("to do without `{}`, or with an older one,", missing.value.origin.as_str());
                Some((line, what, base.locked_line))
            }
        }
    }

    fn loosens_check(&self, id: &str, base: &Self) -> Option<(u32, String, u32)> {
        let locked = base.setting(id)?;
        let by = locked.level.map(|at| at.line);
        let by = by.or(locked.parameters.first().map(|(_, at)| at.line)).unwrap_or(base.locked_line);
        if let Some(exception) = self.exceptions.iter().find(|at| at.value.check == id) {
            return Some((exception.line, format!("an exception of `{id}`"), by));
        }
        let Setting { level, parameters } = self.setting(id)?;
        // What the check's own level is, another version may say otherwise.
        let least = locked.level.map_or(Level::Deny, |at| at.value);
        if let Some(level) = level.filter(|level| level.value < least) {
            return Some((level.line, format!("`{id} = \"{}\"`", level.value.as_str()), by));
        }
        let looser = parameters.iter().find(|(key, at)| {
            let base = locked.parameters.iter().find(|(other, _)| other == key).map(|(_, at)| at.value);
            at.value.is_looser_than(base, locked.level.map(|at| at.value))
        });
        looser.map(|(key, at)| (at.line, format!("`{key}` of `{id}`"), by))
    }

    fn merged(mut self, base: Self, path: &str) -> Self {
        let folder = path.rsplit_once('/').map(|(folder, _)| folder);
        let offset = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        let shift = |line: u32| if line == 0 { 0 } else { line.saturating_add(offset) };
        fn shifted<T>(all: Vec<At<T>>, shift: impl Fn(u32) -> u32) -> impl Iterator<Item = At<T>> {
            all.into_iter().map(move |at| At { value: at.value, line: shift(at.line) })
        }
        for (id, mut setting) in base.checks {
            setting.level = setting.level.map(|at| At { line: shift(at.line), ..at });
            for (_, at) in &mut setting.parameters {
                at.line = shift(at.line);
            }
            match self.checks.iter_mut().find(|(own, _)| *own == id) {
                None => self.checks.push((id, setting)),
                Some((_, own)) => {
                    own.level = own.level.or(setting.level);
                    let news = setting.parameters.into_iter();
                    let news = news.filter(|(key, _)| !own.parameters.iter().any(|(known, _)| known == key));
                    let news = news.collect::<Vec<_>>();
                    own.parameters.extend(news);
                }
            }
        }
        self.bans.extend(shifted(base.bans, shift));
        self.exceptions.extend(shifted(base.exceptions, shift));
        self.names.known.extend(shifted(base.names.known, shift));
        self.names.internal.extend(shifted(base.names.internal, shift));
        self.registries = self.registries.or(base.registries.map(|all| shifted(all, shift).collect()));
        self.git = self.git.or(base.git.map(|all| shifted(all, shift).collect()));
        self.sources_line = self.sources_line.or(base.sources_line.map(shift));
        self.licenses = self.licenses.or(base
            .licenses
            .map(|at| At { value: shifted(at.value, shift).collect(), line: shift(at.line) }));
        if self.advisories_line.is_none() {
            self.advisories_line = base.advisories_line.map(shift);
            self.advisories = base.advisories;
            self.advisories.shift(shift, |origin| match (origin, folder) {
                // Relative to the file that names it.
                (Origin::Path(own), Some(folder)) if !own.starts_with('/') => {
                    Origin::Path(format!("{folder}/{own}"))
                }
                (origin, _) => origin,
            });
        }
        self.audits = self.audits.or(base.audits.map(|mut audits| {
            audits.shift(shift, folder);
            audits
        }));
        self.sbom_author = self.sbom_author.or(base.sbom_author);
        self.base = Some((PathBuf::from(path), base.lines));
        self
    }
}

/// What one `[signing]` asks less by than another, and the line of it; 0 for what does not stand there.
fn loosens_signing(own: &Trust, locked: &Trust) -> Option<(u32, String)> {
    if locked.required && !own.required {
        return Some((0, "to do without `signing.required`".to_owned()));
    }
    if own.threshold < locked.threshold {
        return Some((0, format!("`signing.threshold` of {}", own.threshold)));
    }
    // Without keys there, it is for each workspace to name its own. Who a key belongs to and until when it counts is part of it.
    let is_there = |key: &TrustedKey| {
        locked.keys.iter().cloned().any(|mut it| {
            (it.file, it.line) = (key.file.clone(), key.line);
            it == *key
        })
    };
    if let Some(key) = own.keys.iter().find(|key| !locked.keys.is_empty() && !is_there(key)) {
        return Some((key.line, format!("the key of `{}`", quoted(&key.principals))));
    }
    let is_revoked = |revoked: &Revoked| {
        let ends = |since: Option<Moment>| since.map_or(0, |Moment(seconds)| seconds);
        own.revoked.iter().any(|it| it.key == revoked.key && ends(it.since) <= ends(revoked.since))
    };
    let missing = locked.revoked.iter().find(|revoked| !is_revoked(revoked))?;
    Some((0, format!("to do without `{}` in `signing.revoked`", missing.key)))
}

impl catalogue::Value {
    /// Whether a workspace asks for less by it than `locked`, or than what the check asks for where that is not set.
    fn is_looser_than(self, locked: Option<Self>, level: Option<Level>) -> bool {
        match (self, locked) {
            (Self::Days(own), Some(Self::Days(locked))) => own < locked,
            (Self::Flag(own), Some(Self::Flag(locked))) => own && !locked,
            (Self::Level(own), Some(Self::Level(locked))) => own < locked,
            (Self::Flag(own), _) => own,
            (Self::Level(own), _) => own < level.unwrap_or(Level::Deny),
            // How many days the check asks for by itself is not known here.
            (Self::Days(_), _) => true,
        }
    }
}
