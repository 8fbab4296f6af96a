//! Template rendering: one environment, strict about undefined variables, one typed context per template.
//!
//! A handler builds a context struct from [`crate::web::pages`] and calls [`Views::render`] for the whole page or
//! [`Views::fragment`] for the part that an htmx request wants. Nothing else in the program names a template.

mod dates;

use std::{path::Path, sync::Arc};

use minijinja::{
    AutoEscape, Environment, Error, Output, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde,
};
use serde::Serialize;

use crate::journal::dates::Language;

/// The files under `templates/` that are HTML; in debug builds they are read from disk.
#[derive(rust_embed::RustEmbed)]
#[folder = "templates/"]
struct Embedded;

/// A context struct and the template it fills. Sealed by convention: implemented only under `web/pages/`.
pub trait Template: Serialize + Sized {
    /// The template, relative to `templates/`: a whole page, or a fragment for contexts that are only ever a part.
    const NAME: &'static str;
    /// The fragment of the same context that answers an htmx request, when there is one.
    const PART: Option<&'static str> = None;
    /// Contexts that between them reach every branch of the template; tests and the preview render all of them.
    fn samples() -> Vec<Self>;
}

/// Why a page could not be rendered. Always a fault of ours, never of the visitor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The template does not exist, does not parse, or names a variable that its context lacks. The text names
    /// template and line; it never holds values of the context.
    #[error("template {template} failed in line {line}: {kind}")]
    Template {
        /// Template that failed.
        template: String,
        /// Line in it, 0 when unknown.
        line: usize,
        /// What kind of error, in minijinja's words.
        kind: String,
    },
    /// A fragment was asked of a context that has none.
    #[error("{0} has no fragment")]
    NoFragment(&'static str),
}

impl ViewError {
    /// Keeps the place and the kind of an error; its detail may quote values, that is journal text.
    fn from_template(name: &str, error: &Error) -> Self {
        Self::Template {
            template: error.name().unwrap_or(name).to_owned(),
            line: error.line().unwrap_or(0),
            kind: error.kind().to_string(),
        }
    }
}

/// The templates, ready to render. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    source: Arc<Source>,
}

enum Source {
    /// Parsed once, from the executable.
    Embedded(Box<Environment<'static>>),
    /// Read and parsed for every page, from a folder.
    Disk(std::path::PathBuf),
}

impl Views {
    /// The templates inside the executable.
    ///
    /// # Errors
    /// When one of them does not parse.
    pub fn embedded() -> Result<Self, ViewError> {
        let mut env = environment();
        for name in Embedded::iter().filter(|name| name.ends_with(".html")) {
            let Some(file) = Embedded::get(&name) else { continue };
            let text = String::from_utf8_lossy(&file.data).into_owned();
            env.add_template_owned(name.to_string(), text)
                .map_err(|error| ViewError::from_template(&name, &error))?;
        }
        Ok(Self { source: Arc::new(Source::Embedded(Box::new(env))) })
    }

    /// Templates read from a folder at every rendering (`llamora dev`).
    pub fn from_disk(folder: &Path) -> Self {
        Self { source: Arc::new(Source::Disk(folder.to_owned())) }
    }

    /// Whether templates are read from a folder.
    pub fn are_on_disk(&self) -> bool {
        matches!(*self.source, Source::Disk(_))
    }

    /// Renders the whole page (or, for a context that is only ever a part, that part), with dates in a language.
    ///
    /// # Errors
    /// When the template and its context do not fit together.
    pub fn render<T: Template>(&self, page: &T, dates: Language) -> Result<String, ViewError> {
        self.render_named(T::NAME, page, dates)
    }

    /// Renders the fragment of a context, for a request with `HX-Request-Type: partial`, with dates in a language.
    ///
    /// # Errors
    /// [`ViewError::NoFragment`] when the context has none; otherwise like [`Views::render`].
    pub fn fragment<T: Template>(&self, page: &T, dates: Language) -> Result<String, ViewError> {
        self.render_named(T::PART.ok_or(ViewError::NoFragment(T::NAME))?, page, dates)
    }

    fn render_named<T: Serialize>(&self, name: &str, page: &T, dates: Language) -> Result<String, ViewError> {
        let context = Value::from(Serde(page));
        let render =
            |env: &Environment<'_>| env.get_template(name).and_then(|template| template.render(context));
        let rendered = match self.source.as_ref() {
            Source::Embedded(env) if dates == Language::default() => render(env),
            // The templates are shared; only the filters are others.
            Source::Embedded(env) => {
                let mut env = env.as_ref().clone();
                dates::speak(&mut env, dates);
                render(&env)
            }
            Source::Disk(folder) => {
                let mut env = environment();
                dates::speak(&mut env, dates);
                env.set_loader(minijinja::path_loader(folder));
                render(&env)
            }
        };
        rendered.map_err(|error| ViewError::from_template(name, &error))
    }
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(syntax.expect("the delimiters are the usual ones"));
    dates::speak(&mut env, Language::default());
    // Everything under templates/ that is rendered here is HTML; no file name can switch escaping off.
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_formatter(|out, state, value| match value.as_str() {
        Some(text) if !value.is_safe() => write_escaped(out, text),
        _ => minijinja::escape_formatter(out, state, value),
    });
    env
}

/// Escapes text for elements and quoted attributes. Unlike minijinja's own it leaves `/` alone, so that addresses
/// and nonces read the same in the source of a page (hx-csp compares nonces there).
fn write_escaped(out: &mut Output<'_>, text: &str) -> Result<(), Error> {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    Ok(out.write_str(rest)?)
}

#[cfg(test)]
mod tests;
