//! What `init --build-helper` changes: which files get which text, and which members stay without a gate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provenance_build::{PackageName, Version, toml};

use super::init::{Helper, Placement};
use super::pinning::Error;
use crate::cargo::{Member, Workspace};
use crate::collect::situation::relative;
use crate::helper::{
    self, BUILD_SCRIPT_LINE, BuildScript, EMBEDDING_LINE, EditError, GUARD_NAME, HELPER_NAME, INCLUDED, Spec,
    TableName, build_script_with,
};

/// The version that is asked of a registry: this tool and its helper are released together.
const HELPER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the cargo configuration says where there was none.
const CONFIGURATION: &str = "\
# Cargo configuration of this workspace. It sets nothing, and it is here for a reason: the build helper watches this file
# for changes, and a build script cannot watch a file that does not exist yet.
";

/// The changes that set up the helper.
#[derive(Debug, Default)]
pub(super) struct Gating {
    /// New texts by file, with the old ones.
    pub(super) texts: BTreeMap<PathBuf, Text>,
    /// The workspace with the guard package and what the helper's path leads to.
    pub(super) workspace: Option<Workspace>,
    /// Members whose build is refused on drift from now on.
    pub(super) gated: Vec<String>,
    /// Members that stay without a gate, and why.
    pub(super) ungated: Vec<Ungated>,
    /// What is left to do by hand before binaries say what they are built from.
    pub(super) unembedded: Vec<String>,
    /// The helper's directory relative to the workspace root, if it is taken from one.
    pub(super) own: Option<String>,
}

/// A file's text before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) old: Option<String>,
    pub(super) new: String,
}

/// A member without a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ungated {
    pub(super) member: String,
    pub(super) why: String,
    pub(super) help: Option<String>,
}

/// Plans the changes for a helper; nothing is written.
pub(super) fn plan(workspace: &Workspace, helper: &Helper) -> Result<Gating, Error> {
    let mut workspace = workspace.clone();
    let mut gating = Gating::default();
    if let Some(path) = &helper.path {
        let path = canonical(path)?;
        gating.own = Some(relative(&workspace.root, &path).ok_or_else(|| unreachable_path(&path))?);
        workspace.reach([path])?;
    }
    if helper.embed && helper.placement == Placement::Guard {
        return Err(Error::Misplaced {
            what: "what a binary says of itself is written by a build script of its own".to_owned(),
            help: "use `--build-helper=binaries` with `--embed`".to_owned(),
        });
    }
    let root = workspace.manifest();
    let shared = edited(&root, helper::shares_dependencies(&gating.text(&root)?))?;
    match helper.placement {
        Placement::Binaries => gating.binaries(&workspace, helper, shared)?,
        Placement::Guard => {
            let guard = gating.guard(&workspace, helper, shared)?;
            workspace.members.push(guard);
            workspace.members.sort_by(|a, b| (&a.name, &a.directory).cmp(&(&b.name, &b.directory)));
        }
    }
    let folder = workspace.root.join(".cargo");
    let configuration = folder.join("config.toml");
    if !configuration.exists() && !folder.join("config").exists() {
        gating.texts.insert(configuration, Text { old: None, new: CONFIGURATION.to_owned() });
    }
    gating.texts.retain(|_, text| text.old.as_ref() != Some(&text.new));
    gating.workspace = Some(workspace);
    Ok(gating)
}

/// Members whose build scripts call the helper already.
pub(super) fn gated_already(workspace: &Workspace) -> Vec<String> {
    let calls = |member: &&Member| {
        let script = member.build_script.as_deref().and_then(|script| toml::read(script).ok());
        script.is_some_and(|script| calls_helper(&script))
    };
    workspace.members.iter().filter(calls).map(|member| member.name.to_string()).collect()
}

impl Gating {
    fn binaries(&mut self, workspace: &Workspace, helper: &Helper, shared: bool) -> Result<(), Error> {
        let root = workspace.manifest();
        for member in &workspace.members {
            let name = member.name.to_string();
            let ungated =
                |why: &str, help: Option<String>| Ungated { member: name.clone(), why: why.to_owned(), help };
            if !member.makes_binary {
                self.ungated.push(ungated("no binary comes out of it", None));
                continue;
            }
            if member.links.is_some() {
                let help = "use `--build-helper=guard`".to_owned();
                self.ungated
                    .push(ungated("with `links`, configuration can replace a build script", Some(help)));
                continue;
            }
            let text = self.text(&member.manifest)?;
            let script = match edited(&member.manifest, helper::build_script(&text))? {
                BuildScript::Implied => "build.rs".to_owned(),
                BuildScript::Named(path) => path,
                BuildScript::Disabled | BuildScript::Unknown => {
                    let help =
                        "use `--build-helper=guard`, or let the package have a build script".to_owned();
                    self.ungated.push(ungated("the manifest allows no single build script", Some(help)));
                    continue;
                }
            };
            if shared {
                let spec = spec(helper, &workspace.root)?;
                self.depend(&root, TableName::Workspace, HELPER_NAME, &spec)?;
                self.depend(&member.manifest, TableName::Build, HELPER_NAME, &Spec::Workspace)?;
            } else {
                let spec = spec(helper, &member.directory)?;
                self.depend(&member.manifest, TableName::Build, HELPER_NAME, &spec)?;
            }
            let script = member.directory.join(script);
            let line = if helper.embed { EMBEDDING_LINE } else { BUILD_SCRIPT_LINE };
            let place = relative(&workspace.root, &script).unwrap_or_else(|| script.display().to_string());
            let main = member.directory.join("src/main.rs");
            let includes = |file: &Path| toml::read(file).is_ok_and(|text| text.contains(INCLUDED));
            if helper.embed && !includes(&main) {
                let include = format!("`include!(concat!(env!(\"OUT_DIR\"), \"/{INCLUDED}\"));`");
                self.unembedded.push(format!("add {include} to the `main.rs` of `{name}`"));
            }
            if !script.exists() {
                self.texts.insert(script, Text { old: None, new: build_script_with(line) });
                self.gated.push(name);
                continue;
            }
            let text = toml::read(&script)?;
            if calls_helper(&text) {
                if helper.embed && !text.contains(".embed()") {
                    self.unembedded.push(format!("in `{place}`, write `{line}`"));
                }
                self.gated.push(name);
            } else {
                let help = format!("add `{line}` as the first line of `main` in `{place}`");
                self.ungated.push(ungated("a build script is there, and was not edited", Some(help)));
            }
        }
        Ok(())
    }

    fn guard(&mut self, workspace: &Workspace, helper: &Helper, shared: bool) -> Result<Member, Error> {
        let root = workspace.manifest();
        let directory = workspace.root.join(GUARD_NAME);
        if directory.join("Cargo.toml").exists() {
            return Err(Error::Misplaced {
                what: format!("`{}` exists already", directory.display()),
                help: "remove it, or use `--build-helper=binaries`".to_owned(),
            });
        }
        if shared {
            self.depend(&root, TableName::Workspace, HELPER_NAME, &spec(helper, &workspace.root)?)?;
            let path = Spec::Path(GUARD_NAME.to_owned(), None);
            self.depend(&root, TableName::Workspace, GUARD_NAME, &path)?;
        }
        let text = self.text(&root)?;
        if let Some(new) = edited(&root, helper::add_member(&text, GUARD_NAME))? {
            self.change(&root, new);
        }
        let taken = if shared { Spec::Workspace } else { spec(helper, &directory)? };
        for file in helper::guard_files(&taken) {
            let path = file.path.split('/').fold(directory.clone(), |path, part| path.join(part));
            self.texts.insert(path, Text { old: None, new: file.text });
        }
        for member in &workspace.members {
            let spec = match shared {
                true => Spec::Workspace,
                false => Spec::Path(
                    relative(&member.directory, &directory).ok_or_else(|| unreachable_path(&directory))?,
                    None,
                ),
            };
            self.depend(&member.manifest, TableName::Normal, GUARD_NAME, &spec)?;
            self.gated.push(member.name.to_string());
        }
        let misnamed = || Error::Misplaced { what: "the guard has no name".to_owned(), help: String::new() };
        Ok(Member {
            name: PackageName::parse(GUARD_NAME).ok_or_else(misnamed)?,
            version: Version::parse("0.0.0").ok_or_else(misnamed)?,
            manifest: directory.join("Cargo.toml"),
            makes_binary: false,
            build_script: Some(directory.join("build.rs")),
            proc_macro: false,
            links: None,
            asks: vec![],
            directory,
        })
    }

    fn depend(&mut self, manifest: &Path, table: TableName, name: &str, spec: &Spec) -> Result<(), Error> {
        let text = self.text(manifest)?;
        if let Some(new) = edited(manifest, helper::add_dependency(&text, table, name, spec))? {
            self.change(manifest, new);
        }
        Ok(())
    }

    /// The text of a manifest as it stands after the changes so far.
    fn text(&mut self, file: &Path) -> Result<String, Error> {
        if let Some(text) = self.texts.get(file) {
            return Ok(text.new.clone());
        }
        let text = toml::read(file)?;
        self.texts.insert(file.to_owned(), Text { old: Some(text.clone()), new: text.clone() });
        Ok(text)
    }

    fn change(&mut self, file: &Path, new: String) {
        if let Some(text) = self.texts.get_mut(file) {
            text.new = new;
        }
    }
}

/// Whether a build script calls the helper, as far as its text tells: comments and strings do not count as a call.
fn calls_helper(script: &str) -> bool {
    let code = script.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.filter(|line| !line.trim_start().starts_with('"')).any(|line| line.contains("provenance_build::"))
}

fn spec(helper: &Helper, from: &Path) -> Result<Spec, Error> {
    let Some(path) = &helper.path else { return Ok(Spec::Version(HELPER_VERSION.to_owned())) };
    let path = canonical(path)?;
    // Without a version, cargo packages nothing that depends on it. One that is inherited is not looked up: helper and tool are
    // released together.
    let version =
        edited(&path.join("Cargo.toml"), helper::package_version(&toml::read(&path.join("Cargo.toml"))?))?;
    let version = version.unwrap_or_else(|| HELPER_VERSION.to_owned());
    let relative = relative(from, &path).ok_or_else(|| unreachable_path(&path))?;
    Ok(Spec::Path(relative, Some(version)))
}

fn canonical(path: &Path) -> Result<PathBuf, Error> {
    let misplaced = |what: String| Error::Misplaced {
        what,
        help: format!("name the directory of `{HELPER_NAME}` with `--helper-path`"),
    };
    let found = path
        .canonicalize()
        .map_err(|error| misplaced(format!("there is no directory `{}`: {error}", path.display())))?;
    let manifest = found.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(misplaced(format!("there is no package in `{}`", path.display())));
    }
    match edited(&manifest, helper::package_name(&toml::read(&manifest)?))? {
        Some(name) if name == HELPER_NAME => Ok(found),
        Some(name) => Err(misplaced(format!("the package in `{}` is called `{name}`", path.display()))),
        None => Err(misplaced(format!("`{}` names no package", manifest.display()))),
    }
}

fn unreachable_path(path: &Path) -> Error {
    Error::Misplaced {
        what: format!("no relative path leads from the workspace to `{}`", path.display()),
        help: "put it on the same drive, below a path of UTF-8 characters".to_owned(),
    }
}

fn edited<T>(file: &Path, result: Result<T, EditError>) -> Result<T, Error> {
    result.map_err(|source| Error::Edit { file: file.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_is_no_call() {
        for (script, expected) in [
            ("fn main() {\n    provenance_build::enforce();\n}\n", true),
            ("fn main() { provenance_build::Enforcer::new().enforce() }", true),
            ("fn main() {\n    // provenance_build::enforce();\n}\n", false),
            ("fn main() {}\n", false),
        ] {
            assert_eq!(calls_helper(script), expected, "{script}");
        }
    }
}
