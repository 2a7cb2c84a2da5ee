//! The command line: reads it, calls the use case, has the report rendered, and turns the outcome into an exit code. The
//! boundary where errors become text.

pub mod add;
pub mod argv;
pub mod attest;
pub mod build;
pub mod certify;
pub mod check;
pub mod completions;
pub mod db;
pub mod dialog;
pub mod diff;
mod error;
pub mod explain;
pub mod fix;
pub mod global;
pub mod init;
pub mod key;
pub mod keygen;
pub mod pin;
pub mod progress;
pub mod remove;
pub mod report;
pub mod sbom;
pub mod scan;
pub mod settings;
pub mod sign;
pub mod source;
pub mod suggest;
pub mod update;
pub mod verify;
pub mod verify_artifact;
pub mod vet;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

use self::dialog::Terminal;
use self::global::Global;
use self::progress::Bars;
use self::settings::{Environment, Presentation};
use crate::exit_code::ExitCode;
use crate::keys::Passphrase;
use crate::model::{Surroundings, Whereabouts};
use crate::ops::build::Command as Build;
use crate::ops::whereabouts;
use crate::render::{self, Format, View, json};
use crate::report::Report;
use crate::report::dialog::Dialog;
use crate::report::failure::Failure;
use crate::report::progress::Progress;
use crate::shell::{self, Pager, Shell};
use crate::vet::reference;

/// The supply-chain gate of a Rust workspace
///
/// Vets third-party code before it enters, pins the bytes that were let in, and refuses to build anything else.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "cargo-provenance",
    bin_name = "cargo provenance",
    version,
    styles = clap_cargo::style::CLAP_STYLING,
    subcommand_value_name = "COMMAND",
    after_help = AFTER_HELP,
)]
pub struct Cli {
    /// Flags that every command has.
    #[command(flatten)]
    pub global: Global,

    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
#[expect(missing_docs, reason = "the help text is the documentation of the arguments")]
pub enum Command {
    Init(init::Args),
    Add(Box<add::Args>),
    Update(update::Args),
    Fix(fix::Args),
    Remove(remove::Args),
    Pin(pin::Args),
    Check(check::Args),
    Vet(vet::Args),
    Suggest(suggest::Args),
    Certify(Box<certify::Args>),
    Verify(verify::Args),
    Keygen(keygen::Args),
    Key(key::Args),
    Sign(sign::Args),
    Source(source::Args),
    Diff(diff::Args),
    #[command(about = "Build under the guard, everything verified before")]
    Build(build::Args),
    #[command(about = "Test what was built under the guard")]
    Test(build::Args),
    #[command(about = "Run what was built under the guard")]
    Run(build::Args),
    #[command(about = "Measure what was built under the guard")]
    Bench(build::Args),
    #[command(about = "Lint under the guard")]
    Clippy(build::Args),
    Exec(build::Exec),
    Attest(attest::Args),
    Sbom(Box<sbom::Args>),
    VerifyArtifact(verify_artifact::Args),
    Explain(explain::Args),
    Report(report::Args),
    Scan(scan::Args),
    Db(db::Args),
    Completions(completions::Args),
}

/// What a command's `run` may use.
pub struct Context<'a> {
    /// What the process was given.
    pub environment: &'a Environment,
    /// The flags that every command has.
    pub global: &'a Global,
    /// Where to show signs of life.
    pub progress: &'a dyn Progress,
    /// Who answers questions, if anybody does.
    pub dialog: Option<&'a dyn Dialog>,
    /// Asks for a passphrase on the terminal.
    pub ask: &'a dyn Fn(&str) -> io::Result<String>,
    /// Shows a report now, of a command that makes more than one.
    pub show: &'a dyn Fn(&Report) -> io::Result<()>,
}

const AFTER_HELP: &str = "\
Exit codes: 0 fine, 1 the policy refused, 2 usage or configuration error, 3 could not decide,
4 drift, 5 signature or trust failure.";

/// Runs the program.
pub fn main() -> ExitCode {
    let environment = Environment::read();
    let arguments = argv::normalize(environment.arguments().to_vec());
    let early = argv::early(&arguments);
    let global = Global { color: early.color, message_format: early.format, ..Global::default() };
    let shell = Shell::new(environment.colors(early.color));
    match Cli::try_parse_from(arguments) {
        Ok(cli) => dispatch(cli, &environment, &shell),
        Err(error) => {
            let presentation = environment.presentation(&global);
            error::usage(&error, &shell, &view(&presentation, &environment))
        }
    }
}

impl Command {
    /// The command's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Init(_) => "init",
            Self::Add(_) => "add",
            Self::Update(_) => "update",
            Self::Fix(_) => "fix",
            Self::Remove(_) => "remove",
            Self::Pin(_) => "pin",
            Self::Check(_) => "check",
            Self::Vet(_) => "vet",
            Self::Suggest(_) => "suggest",
            Self::Certify(_) => "certify",
            Self::Verify(_) => "verify",
            Self::Keygen(_) => "keygen",
            Self::Key(_) => "key",
            Self::Sign(_) => "sign",
            Self::Source(_) => "source",
            Self::Diff(_) => "diff",
            Self::Build(_) => "build",
            Self::Test(_) => "test",
            Self::Run(_) => "run",
            Self::Bench(_) => "bench",
            Self::Clippy(_) => "clippy",
            Self::Exec(_) => "exec",
            Self::Attest(_) => "attest",
            Self::Sbom(_) => "sbom",
            Self::VerifyArtifact(_) => "verify-artifact",
            Self::Explain(_) => "explain",
            Self::Report(_) => "report",
            Self::Scan(_) => "scan",
            Self::Db(_) => "db",
            Self::Completions(_) => "completions",
        }
    }

    /// Whether what it prints may be too long for a screen, and may be shown page by page.
    fn is_paged(&self) -> bool {
        match self {
            Self::Certify(args) => !args.no_pager,
            Self::Diff(args) => !args.no_pager,
            _ => false,
        }
    }

    fn run(self, context: &Context<'_>) -> Result<Report, Failure> {
        match self {
            Self::Init(args) => args.run(context),
            Self::Add(args) => args.run(context),
            Self::Update(args) => args.run(context),
            Self::Fix(args) => args.run(context),
            Self::Remove(args) => args.run(context),
            Self::Pin(args) => args.run(context),
            Self::Check(args) => args.run(context),
            Self::Vet(args) => args.run(context),
            Self::Suggest(args) => args.run(context),
            Self::Certify(args) => args.run(context),
            Self::Verify(args) => args.run(context),
            Self::Keygen(args) => args.run(context),
            Self::Key(args) => args.run(context),
            Self::Sign(args) => args.run(context),
            Self::Source(args) => args.run(context),
            Self::Diff(args) => args.run(context),
            Self::Build(args) => args.run(Build::Build, context),
            Self::Test(args) => args.run(Build::Test, context),
            Self::Run(args) => args.run(Build::Run, context),
            Self::Bench(args) => args.run(Build::Bench, context),
            Self::Clippy(args) => args.run(Build::Clippy, context),
            Self::Exec(args) => args.run(context),
            Self::Attest(args) => args.run(context),
            Self::Sbom(args) => args.run(context),
            Self::VerifyArtifact(args) => args.run(context),
            Self::Explain(args) => args.run(context),
            Self::Report(args) => args.run(context),
            Self::Scan(args) => args.run(context),
            Self::Db(args) => args.run(context),
            Self::Completions(args) => Ok(args.report()),
        }
    }
}

impl Context<'_> {
    /// Where passphrases come from: a file of the command line, else the terminal.
    ///
    /// # Errors
    ///
    /// Those of [`Environment::absolute`].
    pub fn with_passphrase<T>(
        &self,
        file: Option<&Path>,
        job: impl FnOnce(Passphrase<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        match file {
            Some(file) => job(Passphrase::File(&self.environment.absolute(file)?)),
            None => job(Passphrase::Ask(self.ask)),
        }
    }

    /// A path from the command line, absolute.
    ///
    /// # Errors
    ///
    /// Those of [`Environment::absolute`].
    pub fn absolute(&self, path: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
        path.map(|path| self.environment.absolute(path)).transpose()
    }

    /// Where the run takes place.
    ///
    /// # Errors
    ///
    /// Those of [`Environment::surroundings`].
    pub fn surroundings(&self) -> Result<Surroundings, Failure> {
        self.environment.surroundings(self.global)
    }
}

/// `--config` for cargo, which reads what is no `KEY=VALUE` as a file; the copy of the workspace lies elsewhere.
fn config<E>(
    values: Vec<OsString>,
    absolute: impl Fn(&Path) -> Result<PathBuf, E>,
) -> Result<Vec<OsString>, E> {
    let values = values.into_iter().map(|value| match value.to_string_lossy().contains('=') {
        true => Ok(value),
        false => Ok(absolute(Path::new(&value))?.into_os_string()),
    });
    values.collect()
}

fn dispatch(cli: Cli, environment: &Environment, shell: &Shell) -> ExitCode {
    let presentation = environment.presentation(&cli.global);
    if presentation.format == Format::Json
        && let Err(error) = shell.out(&json::start(Some(cli.command.name())))
    {
        return error::unwritten(&error, shell);
    }
    let mut whereabouts = Whereabouts::default();
    let pager = cli.command.is_paged().then(|| environment.pager(presentation.format)).flatten();
    let result = error::guarded(|| {
        let progress = Bars::new(shell, &presentation);
        let terminal = Terminal::new(shell, view(&presentation, environment));
        let dialog = environment.answers(&cli.global).then_some(&terminal as &dyn Dialog);
        let (global, ask) = (&cli.global, &shell::passphrase);
        let show = |report: &Report| show(report, shell, &view(&presentation, environment), pager.as_ref());
        let context = Context { environment, global, progress: &progress, dialog, ask, show: &show };
        let result = cli.command.run(&context);
        if presentation.format.is_document() {
            // Where this cannot be told, the report says less of places.
            whereabouts = context.surroundings().map(|it| whereabouts::find(&it)).unwrap_or_default();
        }
        result
    });
    let view = View { whereabouts, ..view(&presentation, environment) };
    let (rendered, code) = match result {
        Ok(report) => (render::report(&report, &view), report.outcome.into()),
        Err(failure) => (render::failure(&failure, &view), failure.kind.into()),
    };
    match shell.print(&rendered, pager.as_ref()) {
        Ok(()) => code,
        Err(error) => error::unwritten(&error, shell),
    }
}

/// Shows a report of several. Each line is written on its own, so that whoever ends this program cuts none in two.
fn show(report: &Report, shell: &Shell, view: &View, pager: Option<&Pager>) -> io::Result<()> {
    let rendered = render::report(report, view);
    if pager.is_some() {
        return shell.print(&rendered, pager);
    }
    shell.err(&rendered.before);
    rendered.output.split_inclusive('\n').try_for_each(|line| shell.out(line))?;
    shell.err(&rendered.after);
    Ok(())
}

fn view(presentation: &Presentation, environment: &Environment) -> View {
    View {
        format: presentation.format,
        verbosity: presentation.verbosity,
        charset: presentation.charset,
        elapsed: environment.started().elapsed(),
        whereabouts: Whereabouts::default(),
        rules: if presentation.format == Format::Sarif { reference::rules() } else { vec![] },
    }
}

#[cfg(test)]
mod tests;
