//! The three files of a `supply-chain/` folder.

use std::collections::BTreeMap;
use std::path::Path;

use super::entries::{audit, criterion, trust, wildcard};
use super::fields::Fields;
use super::{Reader, Result, quoted};
use crate::audit::{
    Account, ByName, Config, Exemption, Import, Imports, Policy, PolicyFor, Publication, Publications,
    Publisher, Set, Store, StoreVersion, Unpublished, VetVersion,
};

impl Store {
    /// Reads the three files of a folder.
    pub fn read(folder: &Path, config: &[u8], audits: &[u8], imports: &[u8]) -> Result<Self> {
        Ok(Self {
            folder: folder.to_owned(),
            config: Config::read(config, &folder.join("config.toml"))?,
            audits: Set::read(audits, &folder.join("audits.toml"))?,
            imports: Imports::read(imports, &folder.join("imports.lock"))?,
        })
    }
}

impl Set {
    /// Reads an `audits.toml` of one's own.
    pub fn read(bytes: &[u8], file: &Path) -> Result<Self> {
        let (reader, text) = Reader::of(bytes, file)?;
        set(Fields::root(&reader, reader.table(text)?))
    }
}

impl Config {
    /// Reads a `config.toml`.
    pub fn read(bytes: &[u8], file: &Path) -> Result<Self> {
        let (reader, text) = Reader::of(bytes, file)?;
        let mut root = Fields::root(&reader, reader.table(text)?);
        let version = match root.take("cargo-vet") {
            None => None,
            Some(value) => {
                let mut fields = Fields::of(&reader, value, "cargo-vet")?;
                let version =
                    fields.parsed("version", "a version of cargo-vet, `0.10`", StoreVersion::parse)?;
                let version = fields.need(version, "version")?;
                fields.finish()?;
                Some(version)
            }
        };
        let default_criteria = root.text("default-criteria")?;
        let imports = root.named("imports", |name, value| import(Fields::of(&reader, value, name)?))?;
        let policy = policies(&reader, &mut root)?;
        // The name of old stores, which cargo-vet still reads.
        let key = if root.has("exemptions") { "exemptions" } else { "unaudited" };
        let exemptions = root.tables(key, exemption)?;
        root.finish()?;
        Ok(Self { version, default_criteria, imports, policy, exemptions })
    }
}

impl Imports {
    /// Reads an `imports.lock`.
    pub fn read(bytes: &[u8], file: &Path) -> Result<Self> {
        let (reader, text) = Reader::of(bytes, file)?;
        let mut root = Fields::root(&reader, reader.table(text)?);
        let unpublished = root.tables("unpublished", unpublished)?;
        let publications = root.tables("publisher", publication)?;
        let sets = root.named("audits", |name, value| set(Fields::of(&reader, value, name)?))?;
        root.finish()?;
        Ok(Self { unpublished, publications, sets })
    }
}

impl Publications {
    /// Reads a `publishers.toml`.
    pub fn read(bytes: &[u8], file: &Path) -> Result<Self> {
        let (reader, text) = Reader::of(bytes, file)?;
        let mut root = Fields::root(&reader, reader.table(text)?);
        let version = root.take("version");
        let version = root.need(version, "version")?;
        if version.as_integer() != Some(Publications::VERSION) {
            let what = format!("is not of version {}", Publications::VERSION);
            let help = "update cargo-provenance, or let `cargo provenance db update` write it anew";
            return Err(reader.fault(version.span.start, &what, help));
        }
        let rows = root.tables("publisher", publication)?;
        root.finish()?;
        Ok(Self { rows })
    }
}

impl StoreVersion {
    /// Reads `MAJOR.MINOR`.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let version = Self { major: major.parse().ok()?, minor: minor.parse().ok()? };
        (version.to_string() == text).then_some(version)
    }
}

impl std::fmt::Display for StoreVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

fn set(mut root: Fields<'_, '_>) -> Result<Set> {
    let reader = root.reader;
    let criteria = root.named("criteria", |name, value| criterion(Fields::of(reader, value, name)?))?;
    let wildcards = root.tables("wildcard-audits", wildcard)?;
    if !root.has("audits") {
        root.need(None::<()>, "audits")?;
    }
    let audits = root.tables("audits", audit)?;
    let trusted = root.tables("trusted", trust)?;
    root.finish()?;
    Ok(Set { criteria, wildcards, audits, trusted, bars: vec![] })
}

fn import(mut fields: Fields<'_, '_>) -> Result<Import> {
    let urls = fields.list("url")?;
    let import = Import {
        urls: fields.need(urls, "url")?,
        exclude: fields.array("exclude")?.unwrap_or_default(),
        criteria_map: fields.lists("criteria-map")?,
        line: fields.line(),
    };
    fields.finish().map(|()| import)
}

fn policies(reader: &Reader<'_>, root: &mut Fields<'_, '_>) -> Result<ByName<PolicyFor>> {
    let all = root.named("policy", |name, value| {
        let at = value.span.start;
        Ok((at, policy(Fields::of(reader, value, name)?)?))
    })?;
    let mut policies = ByName::new();
    for (key, (at, policy)) in all {
        let mixed = |name: &str| {
            let what = format!("`{}` has policies with a version and one without", quoted(name));
            reader.fault(at, &what, "give all of them a version, or none")
        };
        let Some((name, version)) = key.split_once(':') else {
            if policies.insert(key.clone(), PolicyFor::Every(policy)).is_some() {
                return Err(mixed(&key));
            }
            continue;
        };
        let Some(version) = VetVersion::parse(version) else {
            let what = format!("`{}` is not a version", quoted(version));
            return Err(reader.fault(at, &what, "write `[policy.\"CRATE:1.2.3\"]`"));
        };
        match policies.entry(name.to_owned()).or_insert_with(|| PolicyFor::Each(BTreeMap::new())) {
            PolicyFor::Every(_) => return Err(mixed(name)),
            PolicyFor::Each(versions) => {
                versions.insert(version, policy);
            }
        }
    }
    Ok(policies)
}

fn policy(mut fields: Fields<'_, '_>) -> Result<Policy> {
    let policy = Policy {
        audit_as_crates_io: fields.flag("audit-as-crates-io")?,
        criteria: fields.list("criteria")?,
        dev_criteria: fields.list("dev-criteria")?,
        dependency_criteria: fields.lists("dependency-criteria")?,
        notes: fields.text("notes")?,
        line: fields.line(),
    };
    fields.finish().map(|()| policy)
}

fn exemption(mut fields: Fields<'_, '_>) -> Result<Exemption> {
    let version = fields.version("version")?;
    let exemption = Exemption {
        version: fields.need(version, "version")?,
        criteria: fields.list("criteria")?.unwrap_or_default(),
        suggest: fields.flag("suggest")?.unwrap_or(true),
        notes: fields.text("notes")?,
        line: fields.line(),
    };
    fields.finish().map(|()| exemption)
}

fn unpublished(mut fields: Fields<'_, '_>) -> Result<Unpublished> {
    let (version, audited_as) = (fields.version("version")?, fields.version("audited_as")?);
    let unpublished = Unpublished {
        version: fields.need(version, "version")?,
        audited_as: fields.need(audited_as, "audited_as")?,
        line: fields.line(),
    };
    fields.finish().map(|()| unpublished)
}

fn publication(mut fields: Fields<'_, '_>) -> Result<Publication> {
    let version = fields.version("version")?;
    let version = fields.need(version, "version")?;
    let (when, publisher) = (fields.date("when")?, fields.publisher()?);
    let account = match &publisher {
        Publisher::Trusted(_) => None,
        Publisher::User(_) => {
            let login = fields.parsed("user-login", "a name of one line", one_line)?;
            let login = fields.need(login, "user-login")?;
            Some(Account { login, name: fields.parsed("user-name", "a name of one line", one_line)? })
        }
    };
    let line = fields.line();
    fields.finish().map(|()| Publication { version, when, publisher, account, line })
}

// Names are written into comments, where a line break would begin something else.
fn one_line(text: &str) -> Option<String> {
    (!text.chars().any(char::is_control)).then(|| text.to_owned())
}
