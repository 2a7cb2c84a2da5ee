//! The strict reader of `Provenance.toml`.

use std::path::Path;

use provenance_build::signing::{KEYS, Trust, policy_digest};
use toml_span::Span;
use toml_span::value::{Table, Value, ValueInner};

use super::advisories::Advisories;
use super::catalogue::{self, Firmness, Known, ParameterKind, Setting};
use super::extends::Role;
use super::names::Names;
use super::reader::{Reader, Result, did_you_mean, nearest, quoted};
use super::{At, Glob, Level, Policy, PolicyError, PolicyErrorKind, Pubtime, Registry};
use crate::model::{LicenseName, is_harmful};

/// Days that a check may ask for: ten years is as good as for ever.
const MOST_DAYS: i64 = 3_650;

/// Bytes of a name with an address.
const AUTHOR_BYTES: usize = 400;

const REGISTRY_HELP: &str = "name `crates-io`, a registry of the repository's cargo configuration, or a source as `Cargo.lock` writes it";

/// Reads a policy.
pub(super) fn read(
    bytes: &[u8],
    file: &Path,
    catalogue: &[Known],
    role: Role,
) -> Result<Policy, PolicyError> {
    let reader = Reader::new(bytes, file)?;
    let table = reader.document()?;
    reader.policy(table, catalogue, role)
}

impl Reader<'_> {
    fn policy(&self, mut root: Table<'_>, catalogue: &[Known], role: Role) -> Result<Policy> {
        self.version(&root)?;
        let locked = root.remove_entry("locked");
        match (role, &locked) {
            (Role::Own, Some((key, _))) => {
                let help = "lock settings in the file that others extend";
                return Err(self.invalid(key.span, "only a policy that others extend locks anything", help));
            }
            (Role::Base, locked) => self.only_base(&root, locked.as_ref().map(|(_, value)| value))?,
            (Role::Own, None) => {}
        }
        self.known(
            &root,
            "",
            &[
                "advisories",
                "audits",
                "ban",
                "checks",
                "exception",
                "extends",
                "licenses",
                "names",
                "own",
                "sbom",
                "signing",
                "source",
                "sources",
                "version",
            ],
        )?;
        let signing = self.signing(&root)?;
        let mut policy = Policy {
            lines: self.text.lines().map(str::to_owned).collect(),
            digest: policy_digest(&root),
            own: vec![],
            bans: vec![],
            checks: vec![],
            exceptions: vec![],
            registries: None,
            git: None,
            sources_line: None,
            licenses: None,
            advisories: Advisories::default(),
            advisories_line: None,
            audits: None,
            signing,
            sbom_author: None,
            names: Names::default(),
            source: None,
            extends: None,
            locks: vec![],
            locked_line: 0,
            base: None,
        };
        for (key, mut value) in root {
            let span = key.span;
            match &*key.name {
                "own" => policy.own = self.own(value)?,
                "checks" => {
                    policy.checks = self.checks(self.table(&mut value, span, "checks")?, catalogue)?;
                }
                "sources" => {
                    policy.sources_line = Some(self.line(span));
                    self.sources(self.table(&mut value, span, "sources")?, &mut policy)?;
                }
                "licenses" => {
                    let table = self.table(&mut value, span, "licenses")?;
                    policy.licenses = self.licenses(table)?;
                }
                "advisories" => {
                    policy.advisories_line = Some(self.line(span));
                    policy.advisories = self.advisories(self.table(&mut value, span, "advisories")?)?;
                }
                "names" => policy.names = self.names(self.table(&mut value, span, "names")?)?,
                "audits" => policy.audits = Some(self.audits(self.table(&mut value, span, "audits")?)?),
                "sbom" => policy.sbom_author = self.sbom(&self.table(&mut value, span, "sbom")?)?,
                "source" => {
                    let table = self.table(&mut value, span, "source")?;
                    policy.source = Some(self.source(table)?);
                }
                "extends" => policy.extends = self.extends(value)?,
                "exception" => policy.exceptions = self.exceptions(value, catalogue)?,
                "ban" => policy.bans = self.bans(value)?,
                // `version` and `signing` have been read, and `known` let nothing else pass.
                _ => {}
            }
        }
        if let Some((key, value)) = locked {
            policy.locked_line = self.line(key.span);
            policy.locks = self.locked(value, &policy, catalogue)?;
        }
        Ok(policy)
    }

    fn own(&self, value: Value<'_>) -> Result<Vec<At<Glob>>> {
        let help = "name directories relative to the workspace root, such as `../libs/*`";
        self.strings(value, "own", Glob::parse, help)
    }

    fn checks(&self, table: Table<'_>, known: &[Known]) -> Result<Vec<(&'static str, Setting)>> {
        let mut settings = vec![];
        for (key, value) in table {
            let Some(check) = catalogue::find(known, &key.name) else {
                let what = format!("`{}` is not a check", quoted(&key.name));
                let ids = known.iter().map(|known| known.id);
                return Err(self.invalid(key.span, &what, &did_you_mean(&key.name, ids)));
            };
            let (setting, span) = self.setting(check, key.span, value)?;
            let asks = setting.level.map(|at| at.value);
            match check.firmness {
                Firmness::Free => {}
                Firmness::Firm if matches!(asks, None | Some(Level::Deny)) => {}
                Firmness::Firm => {
                    let what = format!("`{}` is always `deny`", check.id);
                    return Err(self.invalid(span, &what, "remove this line"));
                }
                Firmness::Planned if matches!(asks, Some(Level::Allow)) => {}
                Firmness::Planned => {
                    return Err(PolicyError {
                        help: format!("remove this line, or write `{} = \"allow\"` until it is", check.id),
                        ..self.unsupported(span, &format!("check `{}`", check.id))
                    });
                }
            }
            settings.push((check.id, setting));
        }
        Ok(settings)
    }

    /// Reads one check's setting, a level or a table, and the place of its level.
    fn setting(&self, check: Known, key: Span, mut value: Value<'_>) -> Result<(Setting, Span)> {
        let id = check.id;
        let mut setting = Setting::default();
        if !matches!(value.as_ref(), ValueInner::Table(_)) {
            setting.level = Some(At { value: self.level(&value, id)?, line: self.line(key) });
            return Ok((setting, key));
        }
        let table = self.table(&mut value, key, id)?;
        let mut keys = check.parameters.iter().map(|parameter| parameter.key).collect::<Vec<_>>();
        keys.push("level");
        self.known(&table, &format!("checks.{id}"), &keys)?;
        let mut span = key;
        for (key, value) in &table {
            let line = self.line(key.span);
            let Some(parameter) = check.parameters.iter().find(|it| it.key == key.name) else {
                setting.level = Some(At { value: self.level(value, id)?, line });
                span = key.span;
                continue;
            };
            let value = match parameter.kind {
                ParameterKind::Days(_) => catalogue::Value::Days(self.days(value, parameter.key)?),
                ParameterKind::Flag => catalogue::Value::Flag(self.boolean(value, parameter.key)?),
                ParameterKind::Level => catalogue::Value::Level(self.level(value, id)?),
            };
            setting.parameters.push((parameter.key, At { value, line }));
        }
        Ok((setting, span))
    }

    fn days(&self, value: &Value<'_>, key: &str) -> Result<u32> {
        let days = value.as_integer().filter(|days| (0..=MOST_DAYS).contains(days));
        days.and_then(|days| u32::try_from(days).ok()).ok_or_else(|| {
            let help = format!("write a whole number from 0 to {MOST_DAYS}");
            self.invalid(value.span, &format!("`{key}` is not a number of days"), &help)
        })
    }

    fn level(&self, value: &Value<'_>, id: &str) -> Result<Level> {
        let help = "write `\"deny\"`, `\"review\"`, `\"note\"` or `\"allow\"`";
        let Some(text) = value.as_str() else {
            return Err(self.wanted(value, &format!("the level of `{id}`"), "a string", help));
        };
        Level::parse(text).ok_or_else(|| {
            let what = format!("`{}` is not a level", quoted(text));
            let levels = ["allow", "deny", "note", "review"];
            let help = match nearest(text, levels.into_iter()) {
                Some(near) => format!("did you mean `\"{near}\"`?"),
                None => help.to_owned(),
            };
            self.invalid(value.span, &what, &help)
        })
    }

    fn sources(&self, table: Table<'_>, policy: &mut Policy) -> Result<()> {
        self.known(&table, "sources", &["git", "registries"])?;
        for (key, value) in table {
            if key.name == "git" {
                let help = "write the repository's URL as `Cargo.lock` has it between `git+` and `?` or `#`";
                let git = self.strings(value, "git", |text| git_url(text).then(|| text.to_owned()), help)?;
                policy.git = Some(git);
                continue;
            }
            let mut registries = vec![];
            for mut entry in self.array(value, "registries")? {
                let line = self.line(entry.span);
                registries.push(At { value: self.registry(&mut entry)?, line });
            }
            policy.registries = Some(registries);
        }
        Ok(())
    }

    fn registry(&self, entry: &mut Value<'_>) -> Result<Registry> {
        let mut pubtime = Pubtime::Expected;
        let name = if matches!(entry.as_ref(), ValueInner::Table(_)) {
            let span = entry.span;
            let mut table = self.table(entry, span, "registries")?;
            self.known(&table, "sources.registries", &["name", "pubtime"])?;
            if let Some(value) = table.get("pubtime") {
                if value.as_str() != Some("absent") {
                    return Err(self.invalid(
                        value.span,
                        "`pubtime` can only be `\"absent\"`",
                        "remove `pubtime` where the index has publication times",
                    ));
                }
                pubtime = Pubtime::Absent;
            }
            match table.remove("name") {
                Some(name) => name,
                None => return Err(self.invalid(span, "a registry has no `name`", REGISTRY_HELP)),
            }
        } else {
            Value::with_span(entry.take(), entry.span)
        };
        Ok(Registry { name: self.registry_name(&name)?, pubtime })
    }

    /// What the policy calls a registry.
    pub(super) fn registry_name(&self, name: &Value<'_>) -> Result<String> {
        match name.as_str() {
            Some(text) if registry_name(text) => Ok(text.to_owned()),
            Some(text) => {
                let what = format!("`{}` is not a registry", quoted(text));
                Err(self.invalid(name.span, &what, REGISTRY_HELP))
            }
            None => Err(self.wanted(name, "a registry", "a string or a table", REGISTRY_HELP)),
        }
    }

    fn licenses(&self, table: Table<'_>) -> Result<Option<At<Vec<At<LicenseName>>>>> {
        self.known(&table, "licenses", &["allow"])?;
        let Some((key, value)) = table.into_iter().next() else { return Ok(None) };
        let help = "write SPDX identifiers, such as `\"MIT\"` or `\"Apache-2.0 WITH LLVM-exception\"`";
        let mut allow = vec![];
        for entry in self.array(value, "allow")? {
            let Some(text) = entry.as_str() else {
                return Err(self.wanted(&entry, "an entry of `allow`", "a string", help));
            };
            let Some(name) = LicenseName::parse(text) else {
                let what = format!("`{}` is not an entry for `allow`", quoted(text));
                let near = LicenseName::nearest(text).map(|near| format!("did you mean `\"{near}\"`?"));
                return Err(self.invalid(entry.span, &what, near.as_deref().unwrap_or(help)));
            };
            allow.push(At { value: name, line: self.line(entry.span) });
        }
        Ok(Some(At { value: allow, line: self.line(key.span) }))
    }

    /// Who answers for the bills of materials.
    fn sbom(&self, table: &Table<'_>) -> Result<Option<String>> {
        self.known(table, "sbom", &["author"])?;
        let Some(value) = table.get("author") else { return Ok(None) };
        let help = "write a name and an address, such as `\"Example <sbom@example.org>\"`";
        let Some(text) = value.as_str() else {
            return Err(self.wanted(value, "`author`", "a string", help));
        };
        let is_somebody = text.contains(char::is_alphanumeric) && text.len() <= AUTHOR_BYTES;
        match is_somebody && !text.chars().any(is_harmful) {
            true => Ok(Some(text.to_owned())),
            false => Err(self.invalid(value.span, &format!("`{}` names nobody", quoted(text)), help)),
        }
    }

    /// The kernel reads this table: a helper must read it too. Slips in its keys are answered here.
    fn signing(&self, root: &Table<'_>) -> Result<Trust> {
        if let Some(table) = root.get("signing").and_then(Value::as_table) {
            self.known(table, "signing", &KEYS)?;
        }
        Trust::of_policy(root, self.text, self.file).map_err(|fault| {
            let kind = PolicyErrorKind::Invalid;
            match fault {
                provenance_build::Error::Invalid { file, line, what, help } => {
                    PolicyError { file, line, kind, what, help }
                }
                other => PolicyError {
                    file: self.file.to_owned(),
                    line: 0,
                    kind,
                    what: other.to_string(),
                    help: String::new(),
                },
            }
        })
    }
}

pub(super) fn registry_name(text: &str) -> bool {
    if text.contains('+') {
        return provenance_build::Source::parse(text).is_some_and(|source| !source.is_git());
    }
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    first
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

pub(super) fn git_url(text: &str) -> bool {
    let printable =
        text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'?' | b'#'));
    printable && text.contains("://") && !text.starts_with("git+") && text.len() <= 2_048
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::POLICY_BYTES;
    use super::super::catalogue::SAMPLES;
    use super::*;

    fn refused(text: &str) -> PolicyError {
        match Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES) {
            Err(error) => error,
            Ok(_) => panic!("accepted: {text}"),
        }
    }

    #[test]
    fn every_error_names_its_line_and_the_next_step() {
        for (text, message, help) in [
            ("", "Provenance.toml:1: `version` is missing", "begin the file with `version = 1`"),
            ("version = \"1\"", "Provenance.toml:1: `version` is not a known format", "write `version = 1`"),
            ("version = 0", "Provenance.toml:1: `version` is not a known format", "write `version = 1`"),
            ("version = 1\n[checks", "Provenance.toml:2: ", "correct the TOML syntax"),
            (
                "version = 1\nversion = 1",
                "Provenance.toml:2: duplicate key: `version`",
                "correct the TOML syntax",
            ),
            ("version = 1\n\n[cheks]", "Provenance.toml:3: `cheks` is not a key", "did you mean `checks`?"),
            (
                "version = 1\n[checks]\nversion-to-new = \"deny\"",
                "Provenance.toml:3: `version-to-new` is not a check",
                "did you mean `version-too-new`?",
            ),
            (
                "version = 1\n[checks]\nversion-yanked = \"dney\"",
                "Provenance.toml:3: `dney` is not a level",
                "did you mean `\"deny\"`?",
            ),
            (
                "version = 1\n[checks]\nversion-yanked = true",
                "Provenance.toml:3: the level of `version-yanked` is a string, found: boolean",
                "write `\"deny\"`, `\"review\"`, `\"note\"` or `\"allow\"`",
            ),
            (
                "version = 1\n[checks.version-too-new]\nlevel = \"deny\"\ndasy = 3",
                "Provenance.toml:4: `dasy` is not a key of `checks.version-too-new`",
                "did you mean `days`?",
            ),
            (
                "version = 1\n[checks]\nversion-too-new = { days = -1 }",
                "Provenance.toml:3: `days` is not a number of days",
                "write a whole number from 0 to 3650",
            ),
            (
                "version = 1\n[checks]\nversion-yanked = { days = 1 }",
                "Provenance.toml:3: `days` is not a key of `checks.version-yanked`",
                "known here: `level`",
            ),
            (
                "version = 1\n[checks]\narchive-link = \"note\"",
                "Provenance.toml:3: `archive-link` is always `deny`",
                "remove this line",
            ),
            (
                "version = 1\nown = \"../libs\"",
                "Provenance.toml:2: `own` is an array, found: string",
                "write a list in `[` and `]`",
            ),
            (
                "version = 1\nown = [\n  \"/libs\"]",
                "Provenance.toml:3: `/libs` is not an entry for `own`",
                "name directories relative to the workspace root, such as `../libs/*`",
            ),
            (
                "version = 1\n[sources]\ngit = [\"git+https://h/r\"]",
                "Provenance.toml:3: `git+https://h/r` is not an entry for `git`",
                "write the repository's URL as `Cargo.lock` has it between `git+` and `?` or `#`",
            ),
            (
                "version = 1\n[sources]\nregistries = [{ nam = \"x\" }]",
                "Provenance.toml:3: `nam` is not a key of `sources.registries`",
                "did you mean `name`?",
            ),
            (
                "version = 1\n[sources]\nregistries = [{ name = \"x\", pubtime = \"none\" }]",
                "Provenance.toml:3: `pubtime` can only be `\"absent\"`",
                "remove `pubtime` where the index has publication times",
            ),
            (
                "version = 1\n[[exception]]\ncheck = \"version-yanked\"\npackage = \"x@1.0.0\"\nreason = \"r\"\nexpires = \"2026-02-30\"",
                "Provenance.toml:6: `expires` is not a date",
                "write a date such as `expires = \"2027-01-31\"`",
            ),
            (
                "version = 1\n[licenses]\nallow = [\n  \"MITT\"]",
                "Provenance.toml:4: `MITT` is not an entry for `allow`",
                "did you mean `\"MIT\"`?",
            ),
            (
                "version = 1\n[licenses]\nallow = [\"MIT OR ISC\"]",
                "Provenance.toml:3: `MIT OR ISC` is not an entry for `allow`",
                "write SPDX identifiers, such as `\"MIT\"` or `\"Apache-2.0 WITH LLVM-exception\"`",
            ),
            (
                "version = 1\n[signing]\nrequird = true",
                "Provenance.toml:3: `requird` is not a key of `signing`",
                "did you mean `required`?",
            ),
            (
                "version = 1\n[signing]\nkeys = [\n  \"a ssh-rsa AAAA\"]",
                "Provenance.toml:4: a key that is not `ssh-ed25519`: `ssh-rsa`",
                "write `NAME ssh-ed25519 AAAA…`, as `cargo provenance key show` prints it",
            ),
            (
                "version = 1\n[sbom]\nauthor = \"<>\"",
                "Provenance.toml:3: `<>` names nobody",
                "write a name and an address, such as `\"Example <sbom@example.org>\"`",
            ),
            (
                "version = 1\nchecks = 3",
                "Provenance.toml:2: `checks` is a table, found: integer",
                "write a table, `[checks]`",
            ),
        ] {
            let error = refused(text);
            assert!(error.to_string().starts_with(message), "{text}\n{error}");
            assert_eq!(error.help, help, "{text}");
            assert_eq!(error.kind, PolicyErrorKind::Invalid, "{text}");
        }
    }

    #[test]
    fn what_this_version_cannot_do_is_refused_not_ignored() {
        for (text, line) in
            [("version = 2\nnew-key = 1", 1), ("version = 1\n[checks]\nname-edit = { level = \"note\" }", 3)]
        {
            let error = refused(text);
            assert_eq!(error.kind, PolicyErrorKind::Unsupported, "{text}\n{error}");
            assert_eq!(error.line, line, "{text}\n{error}");
            assert!(error.what.ends_with("is not supported by this version of cargo-provenance"), "{error}");
        }
    }

    #[test]
    fn settings_that_ask_for_nothing_are_accepted() {
        let text = "version = 1\nown = []\nextends = []\nexception = []\n[checks]\nlicense = \"allow\"\narchive-link = \"deny\"\n\
                    version-too-new = { level = \"review\", days = 0, fixes-advisory = false }\n[sources]\nregistries = []\n\
                    git = []\n[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n[advisories]\n\
                    [audits]\nrequired = \"none\"\n[signing]\nrequired = false\nthreshold = 1\nkeys = []\nrevoked = []\n";
        let policy = Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES).expect("a policy");
        assert_eq!(policy.licenses().map(|at| at.value.len()), Some(2));
        assert_eq!(policy.days("version-too-new", "days"), Some(At { value: 0, line: 8 }));
        assert_eq!(policy.flag("version-too-new", "fixes-advisory"), Some(At { value: false, line: 8 }));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let error = Policy::parse(b"version = 1\n\xff", Path::new("p"), SAMPLES).expect_err("not UTF-8");
        assert_eq!(error.to_string(), "p:2: is not UTF-8");
        let error =
            Policy::parse(&vec![b'#'; POLICY_BYTES + 1], Path::new("p"), SAMPLES).expect_err("too large");
        assert!(error.to_string().contains("has 1048577 bytes"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = Policy::parse(&bytes, Path::new("p"), SAMPLES);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
            let _ = Policy::parse(text.as_bytes(), Path::new("p"), SAMPLES);
            let _ = Policy::parse(format!("version = 1\n{text}").as_bytes(), Path::new("p"), SAMPLES);
        }

        #[test]
        fn no_value_in_a_known_place_makes_the_reader_panic(
            key in prop::sample::select(vec![
                "own", "checks", "checks.source", "checks.version-too-new.days", "sources.git", "sources.registries",
                "licenses.allow", "names", "names.known", "names.internal", "advisories", "advisories.databases", "advisories.max-age", "audits", "audits.required", "audits.bound", "audits.auditor", "audits.auditor.a", "audits.auditor.a.keys", "audits.criteria", "audits.import", "audits.import.a", "audits.import.a.path", "signing.keys", "signing.revoked", "signing", "signing.threshold", "source", "sbom", "sbom.author", "extends", "exception",
            ]),
            value in prop::sample::select(vec![
                "1", "-1", "1.5", "true", "\"\"", "\"x\"", "[]", "[[]]", "[{}]", "{}", "{ x = 1 }", "[1]", "9223372036854775807",
                "[{ check = 1, package = 1, reason = 1, expires = 1 }]", "[{ name = 1 }]", "nan",
            ]),
        ) {
            let _ = Policy::parse(format!("version = 1\n{key} = {value}\n").as_bytes(), Path::new("p"), SAMPLES);
        }
    }
}
