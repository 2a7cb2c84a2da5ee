//! One call of rustc: what cargo wants of it, read from the arguments alone.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::Refusal;

/// A program and its arguments, as cargo gave them to the wrapper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Rustc, or another wrapper that is given rustc (clippy's driver).
    pub(super) program: OsString,
    /// What follows.
    pub(super) arguments: Vec<OsString>,
}

/// What cargo wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Rustc's own version, at length: cargo makes it a part of what it names artifacts by.
    Version,
    /// Something that compiles no file.
    Answer,
    /// Whatever else it is, files are compiled.
    Compile,
}

impl Call {
    /// Takes the arguments of this process apart, its own name left out; `None` where there is no program to call.
    pub(super) fn new(arguments: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut arguments = arguments.into_iter();
        Some(Self { program: arguments.next()?, arguments: arguments.collect() })
    }

    /// What it is about. `--print` is no sign of a question: together with a file, rustc compiles it too.
    pub(super) fn wish(&self) -> Wish {
        // Clippy's driver is given rustc's path first.
        let mut own = self.arguments.iter().map(OsString::as_os_str);
        let first = own.next().filter(|first| !is_program(first)).or_else(|| own.next());
        match first {
            Some(first) if first == "-vV" && own.next().is_none() => Wish::Version,
            // Cargo asks for the properties of a target by way of an empty standard input.
            Some(first) if first == "-" => Wish::Answer,
            None => Wish::Answer,
            _ => Wish::Compile,
        }
    }

    /// Whether messages are to be JSON.
    pub(super) fn wants_json(&self) -> bool {
        values(&self.arguments, "--error-format").iter().any(|format| format == "json")
    }

    /// The dep-info file that rustc will write, relative to its current directory; `None` where it writes none.
    ///
    /// `read` gives the text of an argument file (`@FILE`), which cargo uses where the command line would be too long.
    pub(super) fn dep_info(
        &self,
        read: impl Fn(&Path) -> Result<String, Refusal>,
    ) -> Result<Option<PathBuf>, Refusal> {
        let mut arguments = vec![];
        for argument in &self.arguments {
            match argument.to_str().and_then(|argument| argument.strip_prefix('@')) {
                Some(file) => arguments.extend(read(Path::new(file))?.lines().map(OsString::from)),
                None => arguments.push(argument.clone()),
            }
        }
        let mut wanted = false;
        let mut named = None;
        for emit in values(&arguments, "--emit") {
            for kind in emit.to_string_lossy().split(',') {
                match kind.split_once('=').map_or((kind, None), |(kind, path)| (kind, Some(path))) {
                    ("dep-info", path) => {
                        wanted = true;
                        named = path.map(PathBuf::from);
                    }
                    _ => continue,
                }
            }
        }
        if !wanted || named.is_some() {
            return Ok(named);
        }
        let extra = codegen(&arguments, "extra-filename").unwrap_or_default();
        let place = values(&arguments, "--out-dir").pop().zip(values(&arguments, "--crate-name").pop());
        let Some((folder, name)) = place else {
            let what = "rustc is asked for dep-info without being told where";
            return Err(Refusal::new(what, "build with cargo, without flags that move what rustc writes"));
        };
        let mut file = name;
        file.push(extra);
        file.push(".d");
        Ok(Some(Path::new(&folder).join(file)))
    }
}

// Cargo names rustc by its path or as `rustc`; no argument of rustc looks like that.
fn is_program(argument: &OsStr) -> bool {
    let stem = Path::new(argument).file_stem().and_then(OsStr::to_str);
    !argument.to_string_lossy().starts_with('-')
        && stem.is_some_and(|stem| stem.starts_with("rustc") || stem.starts_with("clippy-driver"))
        && Path::new(argument).extension().is_none_or(|extension| extension == "exe")
}

// Every value of `--flag VALUE` and `--flag=VALUE`.
fn values(arguments: &[OsString], flag: &str) -> Vec<OsString> {
    let mut values = vec![];
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == flag {
            values.extend(rest.next().cloned());
        } else if let Some(value) = argument.to_str().and_then(|argument| argument.strip_prefix(flag)) {
            values.extend(value.strip_prefix('=').map(OsString::from));
        }
    }
    values
}

// The value of `-C KEY=VALUE` and `-CKEY=VALUE`; the last one counts, as with rustc.
fn codegen(arguments: &[OsString], key: &str) -> Option<String> {
    let mut found = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let Some(argument) = argument.to_str() else { continue };
        let option = match argument.strip_prefix("-C").or_else(|| argument.strip_prefix("--codegen=")) {
            Some("") => rest.next().and_then(|next| next.to_str()),
            None if argument == "--codegen" => rest.next().and_then(|next| next.to_str()),
            other => other,
        };
        let value = option.and_then(|option| option.trim_start().strip_prefix(key)?.strip_prefix('='));
        found = value.map(str::to_owned).or(found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Call {
        Call::new(line.split(' ').map(OsString::from)).expect("a program")
    }

    fn dep_info(line: &str) -> Result<Option<PathBuf>, Refusal> {
        call(line).dep_info(|_| Ok("--emit=dep-info\n--out-dir\nt/d\n--crate-name\na\n".to_owned()))
    }

    #[test]
    fn questions_are_told_from_compilations() {
        for (line, wish) in [
            ("/t/bin/rustc -vV", Wish::Version),
            ("/t/bin/clippy-driver /t/bin/rustc -vV", Wish::Version),
            ("rustc - --crate-name ___ --print=file-names", Wish::Answer),
            ("clippy-driver rustc - --crate-name ___ --print=file-names", Wish::Answer),
            ("rustc", Wish::Answer),
            ("rustc --crate-name a src/lib.rs --print native-static-libs", Wish::Compile),
            ("rustc --print=cfg src/lib.rs", Wish::Compile),
            ("rustc -vV src/lib.rs", Wish::Compile),
            ("rustc rustc.rs", Wish::Compile),
            ("clippy-driver rustc --crate-name a src/lib.rs -", Wish::Compile),
        ] {
            assert_eq!(call(line).wish(), wish, "{line}");
        }
    }

    #[test]
    fn the_dep_info_file_is_found_as_rustc_names_it() {
        for (line, expected) in [
            ("rustc --crate-name a --emit=dep-info,link -C extra-filename=-1f --out-dir t/d", "t/d/a-1f.d"),
            ("rustc --crate-name=a --emit dep-info -Cextra-filename=-1f --out-dir=t/d", "t/d/a-1f.d"),
            ("rustc --crate-name a --emit=link --emit=dep-info --out-dir t/d", "t/d/a.d"),
            ("rustc --crate-name a --emit=dep-info=x/y.d,link --out-dir t/d", "x/y.d"),
            ("rustc @file", "t/d/a.d"),
        ] {
            assert_eq!(dep_info(line), Ok(Some(PathBuf::from(expected))), "{line}");
        }
        assert_eq!(dep_info("rustc --crate-name a --emit=link --out-dir t/d"), Ok(None));
        assert!(dep_info("rustc --emit=dep-info --out-dir t/d").is_err());
        assert!(dep_info("rustc --emit=dep-info --crate-name a").is_err());
    }
}
