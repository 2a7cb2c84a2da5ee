//! `cargo provenance init`

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::Context;
use crate::helper::Forge;
use crate::ops::init;
use crate::report::Report;
use crate::report::failure::Failure;

/// Put this workspace behind the gate
///
/// Writes `Provenance.toml` (what is trusted, for you to edit), `Provenance.lock` (the pins of everything that is there
/// now, marked `baseline`: nobody looked at it yet) and `.gitattributes`. Where a manifest
/// exists already, `--build-helper` adds the helper and pins what it brings, `--guard` adds the guard, and `--ci` pipelines;
/// everything else stays.
///
/// Where there is no policy yet, what `deny.toml` and `.cargo/audit.toml` say is taken over: each setting is translated, or
/// listed with the reason why it cannot be.
#[derive(ClapArgs, Clone, Debug)]
pub struct Args {
    /// Also call the build helper, so that plain `cargo build` refuses what drifted
    #[arg(
        long,
        value_name = "WHERE",
        value_enum,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "binaries"
    )]
    build_helper: Option<Where>,

    /// Take `provenance-build` from this directory instead of the registry
    #[arg(long, value_name = "PATH", requires = "build_helper")]
    helper_path: Option<PathBuf>,

    /// Let each binary say what it is built from, for `scan` and for other scanners
    ///
    /// The build script writes the list of packages and their pins; a line in `main.rs`, which is shown and not added, includes them.
    #[arg(long, requires = "build_helper")]
    embed: bool,

    /// Also let cargo call the guard before rustc, which compares each package right before it is compiled
    ///
    /// Without this tool installed, every cargo command in the workspace fails from then on. Can be added to a workspace that
    /// is behind the gate already.
    #[arg(long)]
    guard: bool,

    /// Also take over what this tool requires and lets pass
    ///
    /// `supply-chain` is cargo-vet's store. Its files stay as they are and count where they stand; the policy says that every
    /// package must have been reviewed, and each setting that weighs otherwise here is listed with its line.
    #[arg(long, value_name = "STORE", value_enum)]
    from: Option<From>,

    /// Also write pipelines for this forge: one that runs the gate, one that pins what bots bring in
    ///
    /// Can be added to a workspace that is behind the gate already. No file that is there is overwritten.
    #[arg(long, value_name = "FORGE", value_enum)]
    ci: Option<Ci>,
}

/// Whose pipelines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Ci {
    /// Workflows of GitHub Actions
    Github,
    /// Files for `.gitlab-ci.yml` to include
    Gitlab,
}

/// What is taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum From {
    /// The store of cargo-vet
    SupplyChain,
}

/// Which packages call the build helper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Where {
    /// Each package that makes a binary
    Binaries,
    /// One small leaf package that all members depend on
    Guard,
}

impl Args {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// Those of the use case.
    pub fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        let placement = self.build_helper.map(|place| match place {
            Where::Binaries => init::Placement::Binaries,
            Where::Guard => init::Placement::Guard,
        });
        let path = self.helper_path.map(|path| context.environment.absolute(&path)).transpose()?;
        let options = init::Options {
            helper: placement.map(|placement| init::Helper { placement, embed: self.embed, path }),
            guard: self.guard.then_some(super::build::GUARD),
            ci: self.ci.map(|ci| match ci {
                Ci::Github => Forge::Github,
                Ci::Gitlab => Forge::Gitlab,
            }),
            from_store: self.from == Some(From::SupplyChain),
            locked: context.global.is_locked(),
        };
        init::run(&context.surroundings()?, &options, context.progress)
    }
}
