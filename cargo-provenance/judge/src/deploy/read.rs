//! The strict reader of `deploy.toml`. What it does not understand it refuses, and what nobody could ever meet too, so that the
//! mistake shows when the policy is written and not when something must be deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use provenance_build::signing::TrustedKey;
use provenance_build::{Checksum, Moment};
use sha2::{Digest as _, Sha256};
use toml_span::Span;
use toml_span::value::{Table, Value, ValueInner};

use super::expected::Expected;
use super::policy::{Artifact, DeployPolicy, Grant, Required};
use super::summary::SUMMARY;
use crate::attest::cargo_build::BUILD_TYPE;
use crate::attest::provenance::PROVENANCE;
use crate::attest::statement::is_uri;
use crate::policy::reader::{Reader, Result, quoted};
use crate::policy::{At, PolicyError, PolicyErrorKind};

/// The highest level of the SLSA build track (SLSA 1.2).
const MOST_LEVEL: i64 = 3;
/// Keys that one artifact may ask for; as for manifests.
const MOST_THRESHOLD: i64 = 64;
/// Bytes of a URI or a name.
const TEXT_BYTES: usize = 2_048;
/// Tables within tables of parameters.
const DEPTH: usize = 8;

/// Parameters of `cargo provenance build` that have a key of their own, and their names in the statement.
const PARAMETERS: [(&str, &str); 15] = [
    ("all-features", "allFeatures"),
    ("also-packages", "alsoPackages"),
    ("arguments", "arguments"),
    ("bin", "bin"),
    ("example", "example"),
    ("features", "features"),
    ("lib", "lib"),
    ("manifest-path", "manifestPath"),
    ("no-default-features", "noDefaultFeatures"),
    ("package", "package"),
    ("profile", "profile"),
    ("ref", "ref"),
    ("rustflags", "rustflags"),
    ("source", "source"),
    ("target", "target"),
];

/// Those of them that are lists: strings with commas in the statement.
const LISTS: [&str; 2] = ["also-packages", "features"];

/// The key of an artifact that is about a parameter, by the parameter's name in the statement.
pub(super) struct Key {
    pub(super) name: String,
    /// Whether it is a key of its own, whose parameter is text.
    pub(super) is_own: bool,
    /// Whether the statement has a list as a string with commas.
    pub(super) is_list: bool,
}

/// How a policy names a parameter.
pub(super) fn key_of(parameter: &str) -> Key {
    match PARAMETERS.iter().find(|(_, name)| *name == parameter) {
        Some((key, _)) => Key { name: (*key).to_owned(), is_own: true, is_list: LISTS.contains(key) },
        None => Key { name: format!("parameters.{parameter}"), is_own: false, is_list: false },
    }
}

/// Keys of an artifact that are only about provenance, and only about summaries.
const OF_PROVENANCE: [&str; 5] = ["allow-dirty", "build-type", "builder", "environment", "parameters"];
const OF_SUMMARY: [&str; 2] = ["levels", "resource-uri"];
const OF_ALL: [&str; 7] = ["file", "level", "max-age", "name", "not-before", "require", "threshold"];

const URI_HELP: &str = "write a URI, as the statements have it";
const KEY_HELP: &str = "write `NAME ssh-ed25519 AAAA…`, as `cargo provenance key show` prints it";

/// Reads a policy.
pub(super) fn read(bytes: &[u8], file: &Path) -> Result<DeployPolicy> {
    let reader = Reader::new(bytes, file)?;
    let mut root = reader.document()?;
    reader.version(&root)?;
    reader.known(&root, "", &["artifact", "expires", "root", "uri", "verifier", "version"])?;
    let deploy = Deploy { reader };
    let mut policy = DeployPolicy {
        file: file.to_owned(),
        lines: deploy.reader.text.lines().map(str::to_owned).collect(),
        digest: Checksum::from_bytes(Sha256::digest(bytes).into()),
        uri: None,
        expires: None,
        roots: vec![],
        verifiers: vec![],
        artifacts: vec![],
    };
    if let Some(value) = root.remove("uri") {
        policy.uri = Some(deploy.uri(&value, "uri")?);
    }
    if let Some((key, value)) = root.remove_entry("expires") {
        policy.expires = Some(deploy.at(&key.span, deploy.day(&value, "expires", Moment::day_after)?));
    }
    policy.roots = deploy.grants(root.remove("root"), "root", "builder")?;
    policy.verifiers = deploy.grants(root.remove("verifier"), "verifier", "id")?;
    for (span, table) in deploy.tables(root.remove("artifact"), "artifact")? {
        let artifact = deploy.artifact(span, table, &policy)?;
        if policy.artifact(&artifact.name).is_some() {
            let what = format!("there are two artifacts `{}`", quoted(&artifact.name));
            return Err(deploy.reader.invalid(span, &what, "give each its own name"));
        }
        policy.artifacts.push(artifact);
    }
    match policy.artifacts.is_empty() {
        false => Ok(policy),
        true => {
            let help = "add an `[[artifact]]` with a `name` for each program that may be used";
            Err(PolicyError {
                line: 0,
                ..deploy.reader.invalid(Span::new(0, 0), "expects no artifact", help)
            })
        }
    }
}

struct Deploy<'t> {
    reader: Reader<'t>,
}

impl Deploy<'_> {
    fn grants(&self, value: Option<Value<'_>>, name: &str, id: &'static str) -> Result<Vec<Grant>> {
        let mut grants: Vec<Grant> = vec![];
        for (span, table) in self.tables(value, name)? {
            self.reader.known(&table, name, &[id, "key", "level"])?;
            let missing = |key: &str, help: &str| self.missing(span, name, key, help);
            let line = self.reader.line(span);
            let key = table.get("key").ok_or_else(|| missing("key", KEY_HELP))?;
            let key = self.key(key)?;
            let id =
                table.get(id).ok_or_else(|| missing(id, URI_HELP)).and_then(|value| self.uri(value, id))?;
            let level = match table.get("level") {
                Some(value) => self.number(value, "level", MOST_LEVEL)? as u8,
                None => 1,
            };
            if grants.iter().any(|grant| grant.key.key == key.key && grant.id == id) {
                let what = format!("this key is granted `{}` twice", quoted(&id));
                return Err(self.reader.invalid(span, &what, "remove one of the two"));
            }
            grants.push(Grant { key, id, level, line });
        }
        Ok(grants)
    }

    fn artifact(&self, span: Span, mut table: Table<'_>, policy: &DeployPolicy) -> Result<Artifact> {
        let known = PARAMETERS.iter().map(|(key, _)| *key);
        let known = known.chain(OF_PROVENANCE).chain(OF_SUMMARY).chain(OF_ALL).collect::<Vec<_>>();
        self.reader.known(&table, "artifact", &known)?;
        let line = self.reader.line(span);
        let help = "name what is deployed, such as `name = \"server\"`";
        let name = table.remove("name").ok_or_else(|| self.missing(span, "artifact", "name", help))?;
        let name = self.text(&name, "name", help)?;
        let require = match table.remove("require") {
            Some(value) => self.require(value)?,
            None => vec![At { value: Required::Provenance, line }],
        };
        let requires = |wanted: &Required| require.iter().any(|at| at.value == *wanted);
        self.means_something(&table, &requires)?;
        let mut artifact = Artifact {
            line,
            files: vec![name.clone()],
            threshold: At { value: 1, line },
            level: At { value: 1, line },
            max_age: None,
            not_before: None,
            allow_dirty: false,
            environment: vec![],
            builders: vec![],
            build_types: At { value: vec![BUILD_TYPE.to_owned()], line },
            parameters: BTreeMap::new(),
            resource: None,
            levels: vec![],
            require,
            name,
        };
        for (key, value) in table {
            let at = key.span;
            match &*key.name {
                "file" => {
                    artifact.files = self.texts(value, "file", "name the file, such as `\"server-*\"`")?
                }
                "level" => artifact.level = self.at(&at, self.number(&value, "level", MOST_LEVEL)? as u8),
                "threshold" => {
                    let number = self.number(&value, "threshold", MOST_THRESHOLD)? as usize;
                    artifact.threshold = self.at(&at, number);
                }
                "max-age" => artifact.max_age = Some(self.at(&at, self.reader.max_age(&value)?)),
                "not-before" => {
                    let day = self.day(&value, "not-before", Moment::day)?;
                    artifact.not_before = Some(self.at(&at, day));
                }
                "builder" => artifact.builders = self.uris(value, "builder")?,
                "build-type" => artifact.build_types = self.at(&at, self.uris(value, "build-type")?),
                "resource-uri" => artifact.resource = Some(self.at(&at, self.uri(&value, "resource-uri")?)),
                "levels" => {
                    let help = "write what a summary must say, such as `\"ORG_REVIEWED\"`";
                    artifact.levels = self.reader.strings(value, "levels", custom_level, help)?;
                }
                "parameters" => self.parameters(value, at, &mut artifact)?,
                "environment" => {
                    let help = "write what the builders set, such as `\"RUSTC_WRAPPER=sccache\"`";
                    artifact.environment = self.texts(value, "environment", help)?;
                }
                "allow-dirty" => artifact.allow_dirty = self.reader.boolean(&value, "allow-dirty")?,
                plain => {
                    let known = PARAMETERS.iter().find(|(key, _)| *key == plain);
                    let name = known.map_or(plain, |(_, name)| name);
                    let expected = of_cargo_build(plain, self.expected(value, plain, DEPTH)?);
                    self.expect(name, at, expected, &mut artifact)?;
                }
            }
        }
        self.can_be_met(span, &artifact, policy)?;
        Ok(artifact)
    }

    /// Refuses expectations of a statement that is not required: nothing would ever be held against them.
    fn means_something(&self, table: &Table<'_>, requires: &dyn Fn(&Required) -> bool) -> Result<()> {
        let keys = |keys: &[&str], key: &str| keys.contains(&key);
        for key in table.keys() {
            let of_parameters = PARAMETERS.iter().any(|(name, _)| *name == key.name);
            let (what, word) = match &*key.name {
                name if (of_parameters || keys(&OF_PROVENANCE, name)) && !requires(&Required::Provenance) => {
                    ("provenance", "provenance")
                }
                name if keys(&OF_SUMMARY, name)
                    && !requires(&Required::Summary)
                    && name != "resource-uri" =>
                {
                    ("a summary", "vsa")
                }
                "level" | "max-age" | "not-before"
                    if !requires(&Required::Provenance) && !requires(&Required::Summary) =>
                {
                    ("provenance", "provenance")
                }
                _ => continue,
            };
            let what = format!("`{}` is about {what}, which is not required here", key.name);
            return Err(self.reader.invalid(
                key.span,
                &what,
                &format!("add `\"{word}\"` to `require`, or remove it"),
            ));
        }
        Ok(())
    }

    /// Refuses what no statement could ever meet.
    fn can_be_met(&self, span: Span, artifact: &Artifact, policy: &DeployPolicy) -> Result<()> {
        let invalid = |line: u32, what: String, help: &str| {
            Err(PolicyError { line, ..self.reader.invalid(span, &what, help) })
        };
        for At { value, line } in &artifact.require {
            let of_verifiers = *value == Required::Summary;
            let (grants, table) = match of_verifiers {
                true => (&policy.verifiers, "verifier"),
                false => (&policy.roots, "root"),
            };
            let leveled = matches!(value, Required::Provenance | Required::Summary);
            let fits = |grant: &&Grant| {
                (!leveled || grant.level >= artifact.level.value)
                    && (*value != Required::Provenance
                        || artifact.builders.is_empty()
                        || artifact.builders.contains(&grant.id))
            };
            let keys = grants.iter().filter(fits).map(|grant| grant.key.key.fingerprint());
            let keys = keys.collect::<BTreeSet<_>>().len();
            if keys < artifact.threshold.value {
                let what = format!(
                    "`{}` must be signed by {} of the keys of `[[{table}]]` that may vouch for it, and there are {keys}",
                    value.as_str(),
                    artifact.threshold.value,
                );
                let line = match (artifact.level, artifact.threshold) {
                    (level, _) if leveled && level.value > 1 => level.line,
                    (_, threshold) if threshold.value > 1 => threshold.line,
                    _ => *line,
                };
                return invalid(line, what, &format!("add a `[[{table}]]`, or raise its `level`"));
            }
        }
        let requires = |wanted: &Required| artifact.require.iter().any(|at| at.value == *wanted);
        if requires(&Required::Provenance) && artifact.parameters.is_empty() {
            let help = "write `source`, where it must have been built from, and what else the build is given";
            return invalid(
                artifact.line,
                format!("nothing is expected of the build of `{}`", artifact.name),
                help,
            );
        }
        if requires(&Required::Summary) && artifact.resource.is_none() {
            let help = "write `resource-uri`, which a summary must be about";
            return invalid(artifact.line, format!("`{}` has no `resource-uri`", artifact.name), help);
        }
        Ok(())
    }

    fn require(&self, value: Value<'_>) -> Result<Vec<At<Required>>> {
        let help = "write `\"provenance\"`, `\"sbom\"`, `\"vsa\"`, or the URI of a predicate type";
        let span = value.span;
        let parse = |text: &str| match text {
            "provenance" => Some(Required::Provenance),
            "sbom" => Some(Required::Sbom),
            "vsa" => Some(Required::Summary),
            // By these names nothing of what they say would be looked at.
            PROVENANCE | SUMMARY => None,
            uri => is_uri(uri).then(|| Required::Other(uri.to_owned())),
        };
        let required = self.reader.strings(value, "require", parse, help)?;
        match required.is_empty() {
            true => Err(self.reader.invalid(span, "`require` asks for nothing", help)),
            false => Ok(required),
        }
    }

    fn parameters(&self, mut value: Value<'_>, span: Span, artifact: &mut Artifact) -> Result<()> {
        for (key, value) in self.reader.table(&mut value, span, "artifact.parameters")? {
            let expected = self.expected(value, &key.name, DEPTH)?;
            self.expect(&key.name, key.span, expected, artifact)?;
        }
        Ok(())
    }

    fn expect(&self, name: &str, span: Span, expected: Expected, artifact: &mut Artifact) -> Result<()> {
        match artifact.parameters.insert(name.to_owned(), self.at(&span, expected)) {
            None => Ok(()),
            Some(_) => {
                let what = format!("parameter `{}` stands here twice", quoted(name));
                Err(self.reader.invalid(span, &what, "remove one of the two"))
            }
        }
    }

    fn expected(&self, mut value: Value<'_>, name: &str, depth: usize) -> Result<Expected> {
        let help = "write a string, a list of strings, `true`, `false`, a whole number or a table";
        let span = value.span;
        match value.take() {
            ValueInner::Boolean(flag) => Ok(Expected::Flag(flag)),
            ValueInner::Integer(number) => Ok(Expected::Number(number)),
            ValueInner::String(text) => Ok(Expected::Text(vec![text.into_owned()])),
            ValueInner::Array(items) => {
                let array = Value::with_span(ValueInner::Array(items), span);
                let texts = self.reader.strings(array, name, |text| Some(text.to_owned()), help)?;
                Ok(Expected::Text(texts.into_iter().map(|at| at.value).collect()))
            }
            ValueInner::Table(table) if depth > 0 => {
                let inner = table.into_iter().map(|(key, value)| {
                    Ok((key.name.to_string(), self.expected(value, &key.name, depth - 1)?))
                });
                Ok(Expected::Table(inner.collect::<Result<_>>()?))
            }
            _ => Err(self.reader.invalid(span, &format!("`{}` is no parameter", quoted(name)), help)),
        }
    }

    /// A key, in the line form of `allowed_signers`; a name that is a fingerprint must be its own.
    fn key(&self, value: &Value<'_>) -> Result<TrustedKey> {
        let text = self.text(value, "key", KEY_HELP)?;
        let line = self.reader.line(value.span);
        let key = TrustedKey::parse(&text, self.reader.file, line).map_err(|fault| match fault {
            provenance_build::Error::Invalid { file, line, what, help } => {
                PolicyError { file, line, kind: PolicyErrorKind::Invalid, what, help }
            }
            other => self.reader.invalid(value.span, &other.to_string(), KEY_HELP),
        })?;
        let fingerprint = key.key.fingerprint().to_string();
        if key.principals.starts_with("SHA256:") && key.principals != fingerprint {
            let help = "see which of the two is right before you trust it";
            return Err(self.reader.invalid(value.span, &format!("this key is {fingerprint}"), help));
        }
        Ok(key)
    }

    fn tables<'v>(&self, value: Option<Value<'v>>, name: &str) -> Result<Vec<(Span, Table<'v>)>> {
        let Some(value) = value else { return Ok(vec![]) };
        let entries = self.reader.array(value, name)?.into_iter();
        entries
            .map(|mut entry| {
                let span = entry.span;
                Ok((span, self.reader.table(&mut entry, span, name)?))
            })
            .collect()
    }

    /// One text or several.
    fn texts(&self, value: Value<'_>, name: &str, help: &str) -> Result<Vec<String>> {
        if value.as_str().is_some() {
            return Ok(vec![self.text(&value, name, help)?]);
        }
        let span = value.span;
        let texts = self.reader.strings(value, name, |text| is_text(text).then(|| text.to_owned()), help)?;
        match texts.is_empty() {
            true => Err(self.reader.invalid(span, &format!("`{name}` names nothing"), help)),
            false => Ok(texts.into_iter().map(|at| at.value).collect()),
        }
    }

    fn uris(&self, value: Value<'_>, name: &str) -> Result<Vec<String>> {
        let span = value.span;
        let uris = self.texts(value, name, URI_HELP)?;
        match uris.iter().find(|uri| !is_uri(uri)) {
            Some(other) => {
                Err(self.reader.invalid(span, &format!("`{}` is no URI", quoted(other)), URI_HELP))
            }
            None => Ok(uris),
        }
    }

    fn uri(&self, value: &Value<'_>, name: &str) -> Result<String> {
        let text = self.text(value, name, URI_HELP)?;
        match is_uri(&text) {
            true => Ok(text),
            false => {
                Err(self.reader.invalid(value.span, &format!("`{}` is no URI", quoted(&text)), URI_HELP))
            }
        }
    }

    fn text(&self, value: &Value<'_>, name: &str, help: &str) -> Result<String> {
        match value.as_str() {
            Some(text) if is_text(text) => Ok(text.to_owned()),
            Some(text) => {
                let what = format!("`{name}` cannot be `{}`", quoted(text));
                Err(self.reader.invalid(value.span, &what, help))
            }
            None => Err(self.reader.wanted(value, &format!("`{name}`"), "a string", help)),
        }
    }

    fn number(&self, value: &Value<'_>, name: &str, most: i64) -> Result<i64> {
        value.as_integer().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            let help = format!("write a whole number from 1 to {most}");
            self.reader.invalid(value.span, &format!("`{name}` is not a number from 1 to {most}"), &help)
        })
    }

    fn day(&self, value: &Value<'_>, name: &str, read: impl Fn(&str) -> Option<Moment>) -> Result<Moment> {
        let help = format!("write a date such as `{name} = \"2027-01-31\"`");
        let text = value
            .as_str()
            .ok_or_else(|| self.reader.wanted(value, &format!("`{name}`"), "a string", &help))?;
        read(text).ok_or_else(|| self.reader.invalid(value.span, &format!("`{name}` is not a date"), &help))
    }

    fn missing(&self, span: Span, table: &str, key: &str, help: &str) -> PolicyError {
        self.reader.invalid(span, &format!("a `[[{table}]]` has no `{key}`"), help)
    }

    fn at<T>(&self, span: &Span, value: T) -> At<T> {
        At { value, line: self.reader.line(*span) }
    }
}

/// What is expected of a parameter of `cargo provenance build`, whose parameters are strings, all of them.
fn of_cargo_build(key: &str, expected: Expected) -> Expected {
    match expected {
        Expected::Text(items) if LISTS.contains(&key) => Expected::List(items),
        Expected::Flag(flag) => Expected::Text(flag.then(|| "true".to_owned()).into_iter().collect()),
        other => other,
    }
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= TEXT_BYTES && !text.chars().any(char::is_control)
}

/// What a summary can say besides the level of the build, which `level` asks for.
fn custom_level(text: &str) -> Option<String> {
    (is_text(text) && !text.starts_with("SLSA_BUILD_LEVEL_")).then(|| text.to_owned())
}
