//! Strict reader of `Cargo.lock`, formats 3 and 4.
//!
//! It accepts the spelling that cargo itself writes (`cargo::core::resolver::encode` and `ops::lockfile`) and nothing
//! else: what a lenient reader would understand in one way and cargo in another is refused, with its line.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::digest::Checksum;
use crate::error::Error;
use crate::limits;
use crate::name::{PackageId, PackageName, Source, Version};
use crate::toml;

/// A `Cargo.lock` that was read without a doubt left.
#[derive(Clone, Debug)]
pub struct Lockfile {
    /// The format: 3 or 4.
    pub version: u8,
    /// The packages in file order, which is cargo's: by name, version, source.
    pub packages: Vec<LockedPackage>,
}

/// One `[[package]]` of `Cargo.lock`.
#[derive(Clone, Debug)]
pub struct LockedPackage {
    /// Name, version and source.
    pub id: PackageId,
    /// SHA-256 of the `.crate`; every registry package has one, nothing else does.
    pub checksum: Option<Checksum>,
    /// The dependencies as written: `name`, `name version` or `name version (source)`.
    pub dependencies: Vec<String>,
    /// The line of `[[package]]`, counted from 1.
    pub line: u32,
}

impl Lockfile {
    /// Reads the bytes of a lockfile; `file` is for messages only.
    pub fn parse(bytes: &[u8], file: &Path) -> Result<Self, Error> {
        let mut reader = Reader::new(toml::text(bytes, file, HELP)?, file)?;
        reader.lockfile().map_err(|fault| reader.oddity().unwrap_or(fault))
    }
}

const HELP: &str = "restore it with `git checkout Cargo.lock`; `cargo generate-lockfile` makes a new one, of today's versions";

/// The lines of a lockfile, one at a time.
struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
    file: &'a Path,
    /// The source of the last package, which most often is that of the next.
    source: Option<Source>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, file: &'a Path) -> Result<Self, Error> {
        // A Windows clone may turn every line end into CRLF; cargo keeps what it finds.
        let crlf = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
        let mut reader = Self { lines: vec![], at: 0, file, source: None };
        let body = text
            .strip_suffix('\n')
            .ok_or_else(|| reader.fault("it does not end with a line end: cut short?"))?;
        let lines = body.split('\n');
        reader.lines = match crlf {
            true => lines.map(|line| line.strip_suffix('\r').unwrap_or("\r")).collect(),
            false => lines.collect(),
        };
        Ok(reader)
    }

    fn lockfile(&mut self) -> Result<Lockfile, Error> {
        let version = self.version()?;
        let mut packages = Vec::new();
        while let Some(package) = self.package()? {
            if packages.len() == limits::PACKAGES {
                return Err(self.fault_at(package.line, format!("more than {} packages", limits::PACKAGES)));
            }
            packages.push(package);
        }
        self.unused_patches()?;
        check_order(&packages, self)?;
        check_dependencies(&packages, self)?;
        Ok(Lockfile { version, packages })
    }

    /// What is wrong with a file that was refused, where that says more than the first line that was not understood. (No
    /// such line is ever accepted, and to look at every character beforehand would take an unoptimised build longer than
    /// all the rest.)
    fn oddity(&self) -> Option<Error> {
        self.lines.iter().zip(1..).find_map(|(line, at)| {
            if line.contains(char::is_control) {
                return Some(self.fault_at(at, "a control character, or line ends of two kinds"));
            }
            let help = "resolve the merge (`git checkout --theirs Cargo.lock`, `cargo fetch`), then run `cargo provenance pin`";
            let markers = ["<<<<<<<", "=======", ">>>>>>>", "|||||||"];
            let conflict = markers.iter().any(|marker| line.starts_with(marker));
            conflict.then(|| Error::invalid(self.file, at, "a conflict marker of git", help))
        })
    }

    fn fault(&self, what: impl Into<String>) -> Error {
        self.refuse(what, HELP)
    }

    fn refuse(&self, what: impl Into<String>, help: &str) -> Error {
        Error::invalid(self.file, self.at as u32 + 1, what, help)
    }

    fn fault_at(&self, line: u32, what: impl Into<String>) -> Error {
        Error::invalid(self.file, line, what, HELP)
    }

    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    /// The head: comments, then the version.
    fn version(&mut self) -> Result<u8, Error> {
        while let Some(comment) = self.peek().filter(|line| line.starts_with('#')) {
            if comment.contains(char::is_control) {
                return Err(self.fault("a control character"));
            }
            self.at += 1;
        }
        let line = self.peek().unwrap_or_default();
        let version = match line {
            "version = 3" => 3,
            "version = 4" => 4,
            "" | "[[package]]" => {
                let what = "it has no version: format 1 or 2";
                let help = "let a current cargo upgrade it: `cargo update --workspace`";
                return Err(self.refuse(what, help));
            }
            _ if line.starts_with("version = ") => {
                let help = "use a version of cargo-provenance that knows this format";
                let what = format!("unknown format: `{line}`");
                return Err(self.refuse(what, help));
            }
            _ => return Err(self.fault(format!("expected `version = 4`, found `{line}`"))),
        };
        self.at += 1;
        self.gap()?;
        Ok(version)
    }

    /// One empty line between entries, none at the end of the file.
    fn gap(&mut self) -> Result<(), Error> {
        match self.peek() {
            None => Ok(()),
            Some("") if self.at + 1 < self.lines.len() => {
                self.at += 1;
                Ok(())
            }
            Some("") => Err(self.fault("an empty line at the end")),
            Some(line) => Err(self.fault(format!("unexpected `{line}`"))),
        }
    }

    fn package(&mut self) -> Result<Option<LockedPackage>, Error> {
        if self.peek() != Some("[[package]]") {
            return Ok(None);
        }
        let package = self.entry()?;
        let published = package.id.source.as_ref().is_some_and(|source| !source.is_git());
        match package.checksum {
            None if published => Err(self.fault_at(package.line, "a registry package without a checksum")),
            Some(_) if !published => {
                Err(self.fault_at(package.line, "a checksum for what is not a registry package"))
            }
            _ => Ok(Some(package)),
        }
    }

    /// A header with the keys below it, up to the gap.
    fn entry(&mut self) -> Result<LockedPackage, Error> {
        let line = self.at as u32 + 1;
        self.at += 1;
        let name = self.parsed("name", PackageName::parse, "not a package name")?;
        let name = name.ok_or_else(|| self.missing("name"))?;
        let version = self.parsed("version", Version::parse, "not a version")?;
        let version = version.ok_or_else(|| self.missing("version"))?;
        // Most packages have the source of the one before, which need not be checked again.
        let last = self.source.take();
        let source = |text: &str| match last {
            Some(last) if last.as_str() == text => Some(last),
            _ => Source::parse(text),
        };
        let unknown = "not a source that the gate knows (`registry+`, `sparse+`, `git+`)";
        let source = self.parsed("source", source, unknown)?;
        self.source = source.clone();
        let checksum = self.parsed("checksum", Checksum::from_hex, "not 64 lowercase hex digits")?;
        let dependencies = self.dependencies()?;
        if self.peek().is_some_and(|line| line.starts_with("replace = ")) {
            let help = "use `[patch]` instead of `[replace]`";
            let what = format!("`[replace]` puts something in the place of `{name} v{version}`");
            return Err(self.refuse(what, help));
        }
        self.gap()?;
        Ok(LockedPackage { id: PackageId { name, version, source }, checksum, dependencies, line })
    }

    fn missing(&self, key: &str) -> Error {
        self.fault(format!("expected `{key} = \"…\"`"))
    }

    /// What `key = "text"` means, if that is the key of this line.
    fn parsed<T>(
        &mut self,
        key: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        otherwise: &str,
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.value(key)? else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| self.fault_at(self.at as u32, otherwise))
    }

    /// The text of `key = "text"`, if that is the key of this line.
    fn value(&mut self, key: &str) -> Result<Option<&'a str>, Error> {
        let rest =
            self.peek().and_then(|line| line.strip_prefix(key)).and_then(|line| line.strip_prefix(" = "));
        let Some(rest) = rest else { return Ok(None) };
        let text = plain(rest).ok_or_else(|| self.fault(format!("`{key}` is not a plain string")))?;
        self.at += 1;
        Ok(Some(text))
    }

    fn dependencies(&mut self) -> Result<Vec<String>, Error> {
        let mut dependencies = Vec::new();
        if self.peek() != Some("dependencies = [") {
            return Ok(dependencies);
        }
        self.at += 1;
        loop {
            let line = self.peek().ok_or_else(|| self.fault("the list of dependencies does not end"))?;
            self.at += 1;
            if line == "]" {
                return Ok(dependencies);
            }
            let item = line.strip_prefix(' ').and_then(|line| line.strip_suffix(',')).and_then(plain);
            let item =
                item.ok_or_else(|| self.fault_at(self.at as u32, "not an entry of a list of dependencies"))?;
            dependencies.push(item.to_owned());
        }
    }

    /// `[[patch.unused]]` entries: patches that no package uses. Nothing of them is compiled.
    fn unused_patches(&mut self) -> Result<(), Error> {
        while let Some(line) = self.peek() {
            match line {
                "[[patch.unused]]" => {
                    let patch = self.entry()?;
                    if !patch.dependencies.is_empty() {
                        return Err(self.fault_at(patch.line, "an unused patch with dependencies"));
                    }
                }
                "[[package]]" => return Err(self.fault("a package below `[[patch.unused]]`")),
                "[metadata]" | "[root]" => {
                    return Err(self.fault(format!("`{line}` belongs to an older format")));
                }
                _ => return Err(self.fault(format!("unexpected `{line}`"))),
            }
        }
        Ok(())
    }
}

/// The inside of a string without escapes: cargo needs none for anything that it writes here.
fn plain(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    // Each by itself is a search for one byte, which is fast without optimisation, too.
    (!inside.contains('"') && !inside.contains('\\')).then_some(inside)
}

/// Cargo sorts by name, version (in the order of versions, not of texts) and source; one package stands once.
fn check_order(packages: &[LockedPackage], reader: &Reader<'_>) -> Result<(), Error> {
    for pair in packages.windows(2) {
        if pair[0].id.name > pair[1].id.name {
            return Err(reader.fault_at(pair[1].line, format!("`{}` is out of order", pair[1].id.name)));
        }
    }
    let mut seen = HashMap::with_capacity(packages.len());
    for package in packages {
        if let Some(first) = seen.insert(&package.id, package.line) {
            let what = format!("`{}` stands here and in line {first}", package.id.short());
            return Err(reader.fault_at(package.line, what));
        }
    }
    Ok(())
}

/// Every dependency names one package of the file: by name where one bears it, else by version, else by source. In this
/// place cargo leaves out the commit of a git source, and a package without a source goes before others of its version.
fn check_dependencies(packages: &[LockedPackage], reader: &Reader<'_>) -> Result<(), Error> {
    type Spelling<'a> = (&'a str, Option<&'a str>, Option<&'a str>);
    let (mut spelled, mut unsourced) =
        (HashMap::<Spelling<'_>, usize>::new(), HashSet::<Spelling<'_>>::new());
    spelled.reserve(3 * packages.len());
    for LockedPackage { id, .. } in packages {
        let (name, version) = (id.name.as_str(), Some(id.version.as_str()));
        let mut add = |spelling| *spelled.entry(spelling).or_default() += 1;
        add((name, None, None));
        add((name, version, None));
        match id.source.as_ref().map(Source::as_str) {
            Some(source) => {
                add((name, version, Some(source)));
                if let Some((branch, _)) = source.split_once('#') {
                    add((name, version, Some(branch)));
                }
            }
            None => drop(unsourced.insert((name, version, None))),
        }
    }
    for package in packages {
        for dependency in &package.dependencies {
            let spelling = match dependency.split_once(' ') {
                None => Some((dependency.as_str(), None, None)),
                Some((name, rest)) => match rest.split_once(' ') {
                    None => Some((name, Some(rest), None)),
                    Some((version, source)) => {
                        let source = source.strip_prefix('(').and_then(|source| source.strip_suffix(')'));
                        source.map(|source| (name, Some(version), Some(source)))
                    }
                },
            };
            let fault = match spelling.and_then(|spelling| spelled.get(&spelling)) {
                None => "is not there",
                Some(2..) if !spelling.is_some_and(|spelling| unsourced.contains(&spelling)) => {
                    "may be several"
                }
                _ => continue,
            };
            let what = format!("`{}` depends on `{dependency}`, which {fault}", package.id.short());
            return Err(reader.fault_at(package.line, what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SUM: &str = "0000000000000000000000000000000000000000000000000000000000000000";

    fn parse(text: &str) -> Result<Lockfile, String> {
        Lockfile::parse(text.as_bytes(), Path::new("Cargo.lock")).map_err(|error| error.to_string())
    }

    fn sample() -> String {
        format!(
            "# This file is automatically @generated by Cargo.\n# It is not intended for manual editing.\n\
             version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"dep\",\n]\n\n\
             [[package]]\nname = \"dep\"\nversion = \"1.0.0\"\n\
             source = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"{SUM}\"\n"
        )
    }

    #[test]
    fn reads_what_cargo_writes() {
        for text in [sample(), sample().replace('\n', "\r\n"), sample().replace("version = 4", "version = 3")]
        {
            let lock = parse(&text).expect("accepted");
            assert_eq!(lock.packages.len(), 2);
            assert_eq!(lock.packages[0].dependencies, ["dep"]);
            assert_eq!((lock.packages[0].line, lock.packages[1].line), (5, 12));
        }
        assert_eq!(parse("version = 4\n").expect("accepted").packages.len(), 0);
    }

    #[test]
    fn a_package_without_a_source_goes_before_a_published_one_of_its_version() {
        let twin = sample().replace(
            "[[package]]\nname = \"dep\"",
            "[[package]]\nname = \"dep\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"dep\"",
        );
        let published = "dep 1.0.0 (registry+https://github.com/rust-lang/crates.io-index)";
        for good in ["dep 1.0.0", published] {
            parse(&twin.replace("[\n \"dep\"", &format!("[\n \"{good}\""))).expect(good);
        }
        let error = parse(&twin).expect_err("refused");
        assert!(error.contains("`app v0.1.0` depends on `dep`, which may be several"), "{error}");
    }

    #[test]
    fn refuses_everything_else_with_its_line() {
        let sample = sample();
        let dep = sample.find("[[package]]\nname = \"dep\"").expect("there");
        let cases = [
            (sample.replace("version = 4", "version = 5"), "Cargo.lock:3: unknown format"),
            (sample.replace("version = 4\n\n", ""), "Cargo.lock:3: it has no version"),
            (sample.replace("name = \"dep\"", "\"name\" = \"dep\""), "Cargo.lock:13: expected `name"),
            (
                sample.replace("name = \"dep\"", "name = \"d\\u0065p\""),
                "Cargo.lock:13: `name` is not a plain string",
            ),
            (sample.replace("name = \"dep\"", "name = 'dep'"), "Cargo.lock:13: `name` is not a plain"),
            (sample.replace(SUM, &SUM.replace('0', "A")), "Cargo.lock:16: not 64 lowercase"),
            (
                sample.replace(&format!("checksum = \"{SUM}\"\n"), ""),
                "Cargo.lock:12: a registry package without",
            ),
            (sample.replace(" \"dep\",", " \"gone\","), "Cargo.lock:5: `app v0.1.0` depends on `gone`"),
            (
                format!("{sample}\n{}", &sample[dep..]),
                "Cargo.lock:18: `dep v1.0.0` stands here and in line 12",
            ),
            (
                format!("{sample}\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n"),
                "Cargo.lock:18: `a` is out of order",
            ),
            (format!("{sample}\n[metadata]\n"), "Cargo.lock:18: `[metadata]` belongs"),
            (format!("{sample}extra = 1\n"), "Cargo.lock:17: unexpected `extra = 1`"),
            (format!("{sample}\n"), "Cargo.lock:17: an empty line at the end"),
            (
                sample.replace(
                    "\n\n[[package]]\nname = \"dep\"",
                    "\n<<<<<<< ours\n[[package]]\nname = \"dep\"",
                ),
                "Cargo.lock:11: a conflict marker",
            ),
            (sample[..sample.len() - 1].to_owned(), "cut short"),
            (sample[..sample.find(" \"dep\",").expect("there")].to_owned(), "does not end"),
            (sample.replace("registry+https", "local-registry+file"), "Cargo.lock:15: not a source"),
            (
                sample.replace("\nversion = \"1.0.0\"", "\r\nversion = \"1.0.0\""),
                "Cargo.lock:13: a control character",
            ),
            (format!("\u{feff}{sample}"), "Cargo.lock:1: expected"),
            (format!("# \u{7f}\n{sample}"), "Cargo.lock:1: a control character"),
            (sample.replace(" \"dep\",", " \"dep\u{9b}\","), "Cargo.lock:9: a control character"),
            (sample.replace(" \"dep\",", " \"dep \","), "depends on `dep `, which is not there"),
            (sample.replace(" \"dep\",", " \"dep 1.0.0 \","), "depends on `dep 1.0.0 `, which is not"),
            (sample.replace(" \"dep\",", " \"dep 1.0.0 ()\","), "depends on `dep 1.0.0 ()`, which is not"),
            (
                format!(
                    "{sample}\n[[patch.unused]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"\u{7}\",\n]\n"
                ),
                "Cargo.lock:22: a control character",
            ),
            (
                format!(
                    "{sample}\n[[patch.unused]]\nname = \"a\"\nversion = \"1.0.0\"\ndependencies = [\n \"b\",\n]\n"
                ),
                "Cargo.lock:18: an unused patch with dependencies",
            ),
            (String::new(), "cut short"),
        ];
        for (text, expected) in cases {
            let error = parse(&text).expect_err(expected);
            assert!(error.contains(expected), "{error}\n{expected}");
        }
    }

    #[test]
    fn refuses_bytes_that_are_not_text() {
        let error = Lockfile::parse(b"version = 4\n\xff\n", Path::new("Cargo.lock")).expect_err("refused");
        assert_eq!(error.to_string(), "Cargo.lock:2: it is not UTF-8");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>) {
            let _ = Lockfile::parse(&bytes, Path::new("Cargo.lock"));
        }

        #[test]
        fn mutations_neither_panic_nor_smuggle_in_what_is_no_text(at in 0usize..600, with in "\\PC|\\pC|.{0,3}") {
            let patch = "\n[[patch.unused]]\nname = \"a\"\nversion = \"1.0.0\"\n";
            let mut text = sample() + patch;
            let at = at % text.len();
            text.replace_range(at..=at, &with);
            if parse(&text).is_ok() {
                prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
            }
        }
    }
}
