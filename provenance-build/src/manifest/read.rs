//! The strict reader: takes a manifest apart line by line, then demands that the writer would have written just that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::write::HEAD;
use super::{Acceptance, Basis, BuildTime, Line, Manifest, Member, Origin, Pin, Trust, VERSION, Vetted};
use crate::digest::{Checksum, TreeDigest};
use crate::error::Error;
use crate::limits;
use crate::name::{PackageName, Source, Version};

const HELP: &str = "restore the file from version control, or run `cargo provenance pin` to write it anew";

pub(super) fn manifest(bytes: &[u8], file: &Path) -> Result<Manifest, Error> {
    let fault = |line: u32, what: &str, help: &str| Err(Error::invalid(file, line, what, help));
    if bytes.len() as u64 > limits::TEXT_BYTES {
        return fault(0, "it is larger than any manifest", HELP);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return fault(0, "it is not UTF-8", HELP) };
    for (at, line) in text.lines().enumerate() {
        if ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|marker| line.starts_with(marker)) {
            return fault(
                at as u32 + 1,
                "a conflict marker of git",
                "run `cargo provenance pin`, which heals it",
            );
        }
    }
    if text.contains('\r') {
        let help = "keep `Provenance.* -text` in `.gitattributes`, and check the file out again";
        return fault(1, "its line ends were rewritten (CRLF)", help);
    }
    let mut reader = Reader { lines: text.split('\n').collect(), at: 0, file };
    let manifest = reader.manifest()?;
    let canonical = manifest.to_text();
    if canonical != text {
        let differs = |(a, b)| a != b;
        let at = canonical.split('\n').zip(text.split('\n')).position(differs).unwrap_or(0);
        let expected = canonical.split('\n').nth(at).unwrap_or_default();
        let what = format!("not in canonical form or order: expected `{expected}`");
        return Err(Error::invalid(file, at as u32 + 1, what, HELP));
    }
    Ok(manifest)
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
    file: &'a Path,
}

impl<'a> Reader<'a> {
    fn manifest(&mut self) -> Result<Manifest, Error> {
        if self.peek() != HEAD {
            return Err(self.fault("it does not begin with the line that the tool writes"));
        }
        self.at += 1;
        let version = self.value("version")?.ok_or_else(|| self.fault("expected `version = 1`"))?;
        let version = version.parse::<u32>().map_err(|_| self.fault_before("not a version"))?;
        if version == 0 || version > VERSION {
            let help = "use a version of cargo-provenance and provenance-build that knows it";
            return Err(Error::invalid(self.file, self.at as u32, format!("unknown format {version}"), help));
        }
        let policy = self.required("policy")?;
        let policy = Checksum::parse(&policy).ok_or_else(|| self.fault_before("not a `sha256:` digest"))?;
        let mut manifest =
            Manifest { version, policy, cargo_config: BTreeMap::new(), members: vec![], packages: vec![] };
        let mut names = BTreeSet::new();
        loop {
            match self.next_header()? {
                None => break,
                Some("[cargo-config]")
                    if manifest.cargo_config.is_empty() && manifest.packages.is_empty() =>
                {
                    self.settings(&mut manifest.cargo_config)?;
                }
                Some("[[member]]") if manifest.packages.is_empty() => {
                    let member = self.member()?;
                    if !names.insert(member.name.clone()) {
                        return Err(self.fault_before(format!("member `{}` stands twice", member.name)));
                    }
                    manifest.members.push(member);
                }
                Some("[[package]]") => {
                    if manifest.packages.len() == limits::PACKAGES {
                        return Err(self.fault(format!("more than {} packages", limits::PACKAGES)));
                    }
                    let pin = self.pin()?;
                    if pin.source().is_none() && names.contains(&pin.name) {
                        return Err(self.fault_before(format!("`{}` is a member and a pin", pin.name)));
                    }
                    if let Some(last) = manifest.packages.last().filter(|last| last.id() == pin.id()) {
                        let what = format!("`{} v{}` is pinned twice", last.name, last.version);
                        return Err(self.fault_before(what));
                    }
                    manifest.packages.push(pin);
                }
                Some(header) => {
                    let what = format!("unexpected `{header}`");
                    return Err(self.fault_before(what));
                }
            }
        }
        Ok(manifest)
    }

    fn peek(&self) -> &'a str {
        self.lines.get(self.at).copied().unwrap_or_default()
    }

    fn fault(&self, what: impl Into<String>) -> Error {
        Error::invalid(self.file, self.at as u32 + 1, what, HELP)
    }

    /// A fault in the line that was just taken.
    fn fault_before(&self, what: impl Into<String>) -> Error {
        Error::invalid(self.file, self.at as u32, what, HELP)
    }

    /// An empty line and a header, or the end of the file.
    fn next_header(&mut self) -> Result<Option<&'a str>, Error> {
        if !self.peek().is_empty() {
            let key = self.peek().split(" = ").next().unwrap_or_default();
            return Err(self.fault(format!("unknown key, or a key out of order: `{key}`")));
        }
        if self.at + 1 >= self.lines.len() {
            return Ok(None);
        }
        self.at += 2;
        Ok(Some(self.lines[self.at - 1]))
    }

    /// The text behind `key = `, if that is the key of this line.
    fn value(&mut self, key: &str) -> Result<Option<&'a str>, Error> {
        let value = self.peek().strip_prefix(key).and_then(|rest| rest.strip_prefix(" = "));
        self.at += usize::from(value.is_some());
        Ok(value)
    }

    fn text(&mut self, key: &str) -> Result<Option<String>, Error> {
        let Some(value) = self.value(key)? else { return Ok(None) };
        let mut scan = Scan(value);
        let text = scan.string().filter(|_| scan.0.is_empty());
        text.map(Some).ok_or_else(|| self.fault_before(format!("`{key}` is not a plain string")))
    }

    fn required(&mut self, key: &str) -> Result<String, Error> {
        self.text(key)?
            .ok_or_else(|| self.fault(format!("expected `{key} = \"…\"`, found `{}`", self.peek())))
    }

    fn settings(&mut self, settings: &mut BTreeMap<String, String>) -> Result<(), Error> {
        while !self.peek().is_empty() {
            let mut scan = Scan(self.peek());
            self.at += 1;
            let key = scan.string().filter(|_| scan.literal(" = ") && !scan.0.is_empty());
            let key =
                key.ok_or_else(|| self.fault_before("not a recorded setting: expected `\"key\" = value`"))?;
            if settings.insert(key.clone(), scan.0.to_owned()).is_some() {
                return Err(self.fault_before(format!("setting `{key}` stands twice")));
            }
        }
        Ok(())
    }

    fn member(&mut self) -> Result<Member, Error> {
        let name = self.name()?;
        let path = self.path()?;
        Ok(Member { name, path, own: self.text("own")? })
    }

    fn name(&mut self) -> Result<PackageName, Error> {
        let name = self.required("name")?;
        PackageName::parse(&name).ok_or_else(|| self.fault_before("not a package name"))
    }

    fn path(&mut self) -> Result<String, Error> {
        let path = self.required("path")?;
        let (mut up, mut plain) = (true, !path.is_empty());
        for part in path.split('/') {
            up &= part == "..";
            plain &= up || !matches!(part, "" | "." | "..");
        }
        let ok = path == "." || (plain && !path.contains(['\\', ':']) && !path.contains(char::is_control));
        if ok { Ok(path) } else { Err(self.fault_before("not a relative path in its shortest form")) }
    }

    fn pin(&mut self) -> Result<Pin, Error> {
        let line = Line(self.at as u32);
        let name = self.name()?;
        let version = self.required("version")?;
        let version = Version::parse(&version).ok_or_else(|| self.fault_before("not a version"))?;
        let origin = match self.text("source")? {
            Some(source) => {
                let source = Source::parse(&source).ok_or_else(|| self.fault_before("not a source"))?;
                Origin::Source(source)
            }
            None => Origin::Path(self.path()?),
        };
        let checksum = match self.text("checksum")? {
            Some(text) => {
                Some(Checksum::parse(&text).ok_or_else(|| self.fault_before("not a `sha256:` digest"))?)
            }
            None => None,
        };
        let published = matches!(&origin, Origin::Source(source) if !source.is_git());
        if published != checksum.is_some() {
            return Err(self.fault_before("registry packages have a checksum, and nothing else has"));
        }
        let tree = self.required("tree")?;
        let tree = TreeDigest::parse(&tree).ok_or_else(|| self.fault_before("not a `b3:` digest"))?;
        let vendor_tree = match self.text("vendor-tree")? {
            Some(text) => {
                Some(TreeDigest::parse(&text).ok_or_else(|| self.fault_before("not a `b3:` digest"))?)
            }
            None => None,
        };
        let build_time = self.build_time()?;
        let trust = self.trust()?;
        let vetted = self.vetted()?;
        let accepted = self.accepted()?;
        Ok(Pin {
            name,
            version,
            origin,
            checksum,
            tree,
            vendor_tree,
            build_time,
            trust,
            vetted,
            accepted,
            line,
        })
    }

    fn build_time(&mut self) -> Result<Vec<BuildTime>, Error> {
        let Some(value) = self.value("build-time")? else { return Ok(vec![]) };
        let mut scan = Scan(value);
        let kinds = scan.list().filter(|kinds| scan.0.is_empty() && !kinds.is_empty());
        let kinds = kinds.and_then(|kinds| kinds.iter().map(|kind| BuildTime::parse(kind)).collect());
        kinds.ok_or_else(|| self.fault_before("`build-time` lists `build-script` and `proc-macro`"))
    }

    fn trust(&mut self) -> Result<Trust, Error> {
        let value = self.value("trust")?.ok_or_else(|| self.fault("expected `trust = { basis = \"…\" }`"))?;
        let mut scan = Scan(value);
        let basis = scan.literal("{ basis = ").then(|| scan.string()).flatten();
        let basis = basis.as_deref().and_then(Basis::parse);
        let basis = basis.ok_or_else(|| self.fault_before("`trust` has no basis that is known"))?;
        let criteria = scan.literal(", criteria = ").then(|| scan.string()).flatten();
        let from = scan.literal(", from = ").then(|| scan.list()).flatten().unwrap_or_default();
        if scan.0 == " }" {
            Ok(Trust { basis, criteria, from })
        } else {
            Err(self.fault_before("`trust` is not canonical"))
        }
    }

    fn vetted(&mut self) -> Result<Option<Vetted>, Error> {
        let Some(value) = self.value("vetted")? else { return Ok(None) };
        let mut scan = Scan(value);
        let checks = scan.literal("{ checks = ").then(|| scan.number()).flatten();
        let advisories = scan.literal(", advisories = ").then(|| scan.string()).flatten();
        match checks.filter(|_| scan.0 == " }") {
            Some(checks) => Ok(Some(Vetted { checks, advisories })),
            None => Err(self.fault_before("`vetted` is not canonical")),
        }
    }

    fn accepted(&mut self) -> Result<Vec<Acceptance>, Error> {
        let mut accepted = Vec::new();
        if self.peek() != "accepted = [" {
            return Ok(accepted);
        }
        self.at += 1;
        while self.peek() != "]" {
            let mut scan = Scan(self.peek());
            let acceptance = scan.acceptance().filter(|_| scan.0.is_empty());
            accepted.push(acceptance.ok_or_else(|| self.fault("not an acceptance"))?);
            self.at += 1;
        }
        self.at += 1;
        Ok(accepted)
    }
}

/// What is left of a line.
struct Scan<'a>(&'a str);

impl Scan<'_> {
    fn literal(&mut self, text: &str) -> bool {
        let rest = self.0.strip_prefix(text);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn number(&mut self) -> Option<u32> {
        let digits = self.0.len() - self.0.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = self.0.split_at(digits);
        self.0 = rest;
        number.parse().ok()
    }

    /// A basic string in the spelling that the writer has.
    fn string(&mut self) -> Option<String> {
        let inside = self.0.strip_prefix('"')?;
        let (mut text, mut chars) = (String::new(), inside.char_indices());
        loop {
            match chars.next()? {
                (at, '"') => {
                    self.0 = &inside[at + 1..];
                    return Some(text);
                }
                (_, '\\') => match chars.next()?.1 {
                    c @ ('"' | '\\') => text.push(c),
                    'u' => {
                        let mut code = 0;
                        for _ in 0..4 {
                            code = code * 16 + chars.next()?.1.to_digit(16)?;
                        }
                        text.push(char::from_u32(code)?);
                    }
                    _ => return None,
                },
                (_, c) => text.push(c),
            }
        }
    }

    fn list(&mut self) -> Option<Vec<String>> {
        let mut items = Vec::new();
        if !self.literal("[") {
            return None;
        }
        while !self.literal("]") {
            if !items.is_empty() && !self.literal(", ") {
                return None;
            }
            items.push(self.string()?);
        }
        Some(items)
    }

    fn acceptance(&mut self) -> Option<Acceptance> {
        let mut field = |before: &str| self.literal(before).then(|| self.string()).flatten();
        let check = field("  { check = ")?;
        let by = field(", by = ")?;
        let on = field(", on = ")?;
        let reason = field(", reason = ")?;
        self.literal(" },").then_some(Acceptance { check, by, on, reason })
    }
}
