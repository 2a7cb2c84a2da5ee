//! `cargo provenance add`: every flag of `cargo add`, defined here so that help and completions know them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use super::{Context, config};
use crate::ops::add;
use crate::ops::entering::Common;
use crate::report::Report;
use crate::report::failure::Failure;
use crate::vet::waiver::Accept;

/// Add dependencies to a Cargo.toml manifest file, once they passed the gate
///
/// Takes what `cargo add` takes. Resolves in a copy of the workspace's manifests, vets every package that would enter,
/// transitive ones included, and only then puts `Cargo.toml`, `Cargo.lock` and `Provenance.lock` in place together.
#[derive(ClapArgs, Clone, Debug)]
#[command(override_usage = "\
cargo provenance add [OPTIONS] <DEP>[@<VERSION>] ...
       cargo provenance add [OPTIONS] --path <PATH> ...
       cargo provenance add [OPTIONS] --git <URL> ...")]
pub struct Args {
    /// Reference to a package to add as a dependency
    ///
    /// You can reference a package by:
    /// - `<name>`, like `cargo provenance add serde` (latest version will be used)
    /// - `<name>@<version-req>`, like `cargo provenance add serde@1` or `cargo provenance add serde@=1.0.38`
    #[arg(value_name = "DEP_ID", required_unless_present_any = ["path", "git"], verbatim_doc_comment)]
    dependencies: Vec<String>,

    /// Disable the default features
    #[arg(long, overrides_with = "default_features")]
    no_default_features: bool,

    /// Re-enable the default features
    #[arg(long, overrides_with = "no_default_features")]
    default_features: bool,

    /// Space or comma separated list of features to activate
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,

    /// Mark the dependency as optional
    ///
    /// The package name will be exposed as feature of your crate.
    #[arg(long, overrides_with = "no_optional")]
    optional: bool,

    /// Mark the dependency as required
    ///
    /// The package will be removed from your features.
    #[arg(long, overrides_with = "optional")]
    no_optional: bool,

    /// Mark the dependency as public (unstable)
    ///
    /// The dependency can be referenced in your library's public API.
    #[arg(long, overrides_with = "no_public")]
    public: bool,

    /// Mark the dependency as private (unstable)
    ///
    /// While you can use the crate in your implementation, it cannot be referenced in your public API.
    #[arg(long, overrides_with = "public")]
    no_public: bool,

    /// Rename the dependency
    ///
    /// Example uses:
    /// - Depending on multiple versions of a crate
    /// - Depend on crates with the same name from different registries
    #[arg(long, value_name = "NAME", verbatim_doc_comment)]
    rename: Option<String>,

    /// Accept a finding that is up for review, for these bytes
    ///
    /// The findings print the exact flag. The acceptance is written into the pin, with your name and the date, and ends with
    /// the bytes.
    #[arg(long, value_name = "[PACKAGE:]CHECK=REASON", value_parser = Accept::parse)]
    accept: Vec<Accept>,

    /// Vet, but do not write anything
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Override a configuration value
    #[arg(long, value_name = "KEY=VALUE|PATH")]
    config: Vec<OsString>,

    /// Unstable (nightly-only) flags to Cargo, see 'cargo -Z help' for details
    #[arg(short = 'Z', value_name = "FLAG")]
    unstable: Vec<String>,

    /// Ignore `rust-version` specification in packages
    #[arg(long, help_heading = "Manifest Options")]
    ignore_rust_version: bool,

    /// Package to modify
    #[arg(short, long, value_name = "SPEC", help_heading = "Package Selection")]
    package: Option<String>,

    /// Filesystem path to local crate to add
    #[arg(long, value_name = "PATH", help_heading = "Source", conflicts_with = "git")]
    path: Option<PathBuf>,

    /// The path base to use when adding from a local crate (unstable)
    #[arg(long, value_name = "BASE", help_heading = "Source", requires = "path")]
    base: Option<String>,

    /// Git repository location
    ///
    /// Without any other information, cargo will use latest commit on the main branch.
    #[arg(long, value_name = "URI", help_heading = "Source")]
    git: Option<String>,

    /// Git branch to download the crate from
    #[arg(long, value_name = "BRANCH", help_heading = "Source", requires = "git", group = "git-ref")]
    branch: Option<String>,

    /// Git tag to download the crate from
    #[arg(long, value_name = "TAG", help_heading = "Source", requires = "git", group = "git-ref")]
    tag: Option<String>,

    /// Git reference to download the crate from
    ///
    /// This is the catch all, handling hashes to named references in remote repositories.
    #[arg(long, value_name = "REV", help_heading = "Source", requires = "git", group = "git-ref")]
    rev: Option<String>,

    /// Package registry for this dependency
    #[arg(long, value_name = "NAME", help_heading = "Source")]
    registry: Option<String>,

    /// Add as development dependency
    ///
    /// Dev-dependencies are not used when compiling a package for building, but are used for compiling tests, examples,
    /// and benchmarks.
    ///
    /// These dependencies are not propagated to other packages which depend on this package.
    #[arg(long, help_heading = "Section", group = "section")]
    dev: bool,

    /// Add as build dependency
    ///
    /// Build-dependencies are the only dependencies available for use by build scripts (`build.rs` files).
    #[arg(long, help_heading = "Section", group = "section")]
    build: bool,

    /// Add as dependency to the given target platform
    #[arg(long, value_name = "TARGET", help_heading = "Section")]
    target: Option<String>,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let options =
            self.resolve(context.global.is_locked(), |path: &Path| context.environment.absolute(path))?;
        add::run(&context.surroundings()?, &options, context.progress, context.dialog)
    }

    /// What was typed, as what is meant.
    fn resolve<E>(
        self,
        locked: bool,
        absolute: impl Fn(&Path) -> Result<PathBuf, E>,
    ) -> Result<add::Options, E> {
        let flags = self.flags();
        // A path below a base is the base's; cargo joins them.
        let path = match (self.path, &self.base) {
            (Some(path), None) => Some(absolute(&path)?),
            (path, _) => path,
        };
        let config = config(self.config, &absolute)?;
        Ok(add::Options {
            common: Common { accept: self.accept, config, dry_run: self.dry_run, locked },
            dependencies: self.dependencies,
            flags,
            package: self.package,
            path,
            base: self.base,
            git: self.git,
            registry: self.registry,
        })
    }

    /// The flags that mean the same wherever cargo runs, in the order of `cargo add --help`.
    fn flags(&self) -> Vec<OsString> {
        let switches = [
            ("--no-default-features", self.no_default_features),
            ("--default-features", self.default_features),
            ("--optional", self.optional),
            ("--no-optional", self.no_optional),
            ("--public", self.public),
            ("--no-public", self.no_public),
            ("--ignore-rust-version", self.ignore_rust_version),
            ("--dev", self.dev),
            ("--build", self.build),
        ];
        let values = [
            ("--rename", &self.rename),
            ("--branch", &self.branch),
            ("--tag", &self.tag),
            ("--rev", &self.rev),
            ("--target", &self.target),
        ];
        let switches = switches.into_iter().filter(|(_, on)| *on).map(|(flag, _)| flag.to_owned());
        let features = self.features.iter().map(|features| format!("--features={features}"));
        let values =
            values.into_iter().filter_map(|(flag, value)| Some(format!("{flag}={}", value.as_ref()?)));
        let unstable = self.unstable.iter().map(|flag| format!("-Z{flag}"));
        switches.chain(features).chain(values).chain(unstable).map(OsString::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(line: &str) -> Result<add::Options, clap::Error> {
        let cli = Cli::try_parse_from(["cargo-provenance", "add"].into_iter().chain(line.split(' ')))?;
        let Command::Add(args) = cli.command else { panic!("another command") };
        let absolute = |path: &Path| Ok::<_, Infallible>(Path::new("/here").join(path));
        Ok(args.resolve(cli.global.is_locked(), absolute).expect("infallible"))
    }

    #[test]
    fn every_flag_of_cargo_add_arrives() {
        for (line, expected) in [
            ("serde --features derive,rc -F std", "--features=derive,rc --features=std"),
            ("serde --no-default-features", "--no-default-features"),
            ("serde --no-default-features --default-features", "--default-features"),
            ("serde --optional", "--optional"),
            ("serde --optional --no-optional", "--no-optional"),
            ("serde --public", "--public"),
            ("serde --no-public", "--no-public"),
            ("serde --rename s", "--rename=s"),
            ("serde --ignore-rust-version", "--ignore-rust-version"),
            ("serde --dev", "--dev"),
            ("serde --build --target cfg(unix)", "--build --target=cfg(unix)"),
            ("serde -Z public-dependency", "-Zpublic-dependency"),
            ("--git https://h/r --branch main", "--branch=main"),
            ("--git https://h/r --tag v1", "--tag=v1"),
            ("--git https://h/r --rev abc", "--rev=abc"),
        ] {
            let options = parse(line).expect(line);
            let flags = options.flags.iter().map(|flag| flag.to_string_lossy()).collect::<Vec<_>>();
            assert_eq!(flags.join(" "), expected, "{line}");
        }
    }

    #[test]
    fn what_concerns_the_gate_is_taken_apart() {
        let options = parse("serde@1 rand -p app --registry corp -n --frozen").expect("valid");
        assert_eq!(options.dependencies, ["serde@1", "rand"]);
        assert_eq!(options.package.as_deref(), Some("app"));
        assert_eq!(options.registry.as_deref(), Some("corp"));
        assert!(options.common.dry_run && options.common.locked && options.flags.is_empty());

        let options = parse("--path ../x --config net.retry=1 --config extra.toml").expect("valid");
        assert_eq!(options.path.as_deref(), Some(Path::new("/here/../x")));
        assert_eq!(options.common.config, ["net.retry=1", "/here/extra.toml"]);

        let options = parse("--path x --base libs").expect("valid");
        assert_eq!(options.path.as_deref(), Some(Path::new("x")));
    }

    #[test]
    fn contradictions_are_refused_as_cargo_does() {
        for bad in [
            "--dev",
            "x --dev --build",
            "x --branch main",
            "--git u --tag a --rev b",
            "--path a --git b",
            "x --base b",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
