//! The progress bar: cargo's look, drawn with indicatif on a terminal, never before half a second has passed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap_cargo::style::TRANSIENT;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::settings::Presentation;
use crate::render::Verbosity;
use crate::report::progress::Progress;
use crate::shell::{Color, Shell};

/// What takes less time is done before anybody could read it.
const PATIENCE: Duration = Duration::from_millis(500);

/// The columns beside the bar itself: 12 for the verb, brackets, spaces and two five-digit numbers.
const BESIDE_THE_BAR: u16 = 12 + 5 + 11;

/// The widest bar, as cargo's on 80 columns.
const WIDEST_BAR: u16 = 27;

/// Draws progress and prints live status lines above it.
pub struct Bars<'a> {
    shell: &'a Shell,
    verbosity: Verbosity,
    width: Option<u16>,
    color: Color,
    phase: Mutex<Option<Phase>>,
    /// The status line that was printed last: cargo, started several times, says the same again and again.
    said: Mutex<String>,
}

struct Phase {
    verb: &'static str,
    bar: ProgressBar,
    is_drawn: bool,
}

impl<'a> Bars<'a> {
    /// Progress on `shell`.
    pub fn new(shell: &'a Shell, presentation: &Presentation) -> Self {
        Self {
            shell,
            verbosity: presentation.verbosity,
            width: presentation.progress,
            color: presentation.colors.err,
            phase: Mutex::new(None),
            said: Mutex::default(),
        }
    }

    fn phase(&self) -> MutexGuard<'_, Option<Phase>> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Progress for Bars<'_> {
    fn status(&self, verb: &str, message: &str) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let line = format!("{verb} {message}");
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if *said == line {
            return;
        }
        *said = line;
        match self.phase().as_ref() {
            Some(phase) => phase.bar.suspend(|| self.shell.status(verb, message)),
            None => self.shell.status(verb, message),
        }
    }

    fn begin(&self, verb: &'static str, total: usize) {
        self.end();
        let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::hidden());
        if let Some(style) = self.width.and_then(|width| style(verb, width, self.color)) {
            bar.set_style(style);
        }
        *self.phase() = Some(Phase { verb, bar, is_drawn: false });
    }

    fn tick(&self) {
        if let Some(phase) = self.phase().as_mut() {
            phase.bar.inc(1);
            if !phase.is_drawn && self.width.is_some() && phase.bar.elapsed() >= PATIENCE {
                phase.is_drawn = true;
                phase.bar.set_draw_target(ProgressDrawTarget::stderr());
            }
        }
    }

    fn end(&self) {
        let Some(phase) = self.phase().take() else { return };
        let (elapsed, steps) = (phase.bar.elapsed(), phase.bar.position());
        phase.bar.finish_and_clear();
        if self.verbosity >= Verbosity::Traced {
            let took = crate::render::human::seconds(elapsed);
            self.shell.status("Timing", &format!("{}: {steps} in {took}", phase.verb.to_lowercase()));
        }
    }
}

impl Drop for Bars<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// A bar that fits into `width` columns; `None` where not even a short one does.
fn style(verb: &str, width: u16, color: Color) -> Option<ProgressStyle> {
    let bar = width.saturating_sub(BESIDE_THE_BAR).min(WIDEST_BAR);
    if bar < 3 {
        return None;
    }
    // Indicatif would decide about color by itself, so the template holds the escape codes that were decided on.
    let style = if color == Color::On { TRANSIENT } else { anstyle::Style::new() };
    let template = format!("{style}{verb:>12}{style:#} [{{bar:{bar}}}] {{pos}}/{{len}}");
    Some(ProgressStyle::with_template(&template).ok()?.progress_chars("=> "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_needs_room() {
        for (width, expected) in [(80, true), (40, true), (30, false), (0, false)] {
            assert_eq!(style("Verifying", width, Color::On).is_some(), expected, "{width}");
        }
    }
}
