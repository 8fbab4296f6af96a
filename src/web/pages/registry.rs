//! Every context type with its template, for the test that renders them all and for the preview.

use crate::{
    journal::dates::Language,
    web::{
        pages::{
            ask, auth, calendar, choosing, days, earlier, entries, errors, integrity, invitations, keys,
            look, machine, model, older, opening, recaps, review, search, security, settings, traces,
            transfer, trash, versions, welcome,
        },
        view::{Template, ViewError, Views},
    },
};

/// One rendered sample.
pub struct Rendered {
    /// Template that was filled.
    pub template: &'static str,
    /// Which sample of its context, from 0.
    pub sample: usize,
    /// What came out.
    pub html: String,
}

/// Renders every template with every sample of its context; a context with a fragment gives both.
///
/// # Errors
/// The first template that does not fit its context.
pub fn render_samples(views: &Views) -> Result<Vec<Rendered>, ViewError> {
    let mut all = Vec::new();
    all.append(&mut rendered::<ask::AskPage>(views)?);
    all.append(&mut rendered::<auth::RegisterPage>(views)?);
    all.append(&mut rendered::<auth::RecoveryPage>(views)?);
    all.append(&mut rendered::<auth::LoginPage>(views)?);
    all.append(&mut rendered::<auth::RecoverPage>(views)?);
    all.append(&mut rendered::<choosing::PassphrasePart>(views)?);
    all.append(&mut rendered::<choosing::StrengthPart>(views)?);
    all.append(&mut rendered::<days::DayPage>(views)?);
    all.append(&mut rendered::<days::RecapPart>(views)?);
    all.append(&mut rendered::<opening::OpeningPart>(views)?);
    all.append(&mut rendered::<earlier::OnThisDayPage>(views)?);
    all.append(&mut rendered::<days::ComposerPart>(views)?);
    all.append(&mut rendered::<days::SavedPart>(views)?);
    all.append(&mut rendered::<calendar::MonthPage>(views)?);
    all.append(&mut rendered::<calendar::YearPage>(views)?);
    all.append(&mut rendered::<recaps::RecapLine>(views)?);
    all.append(&mut rendered::<look::AppearancePage>(views)?);
    all.append(&mut rendered::<look::JournalPage>(views)?);
    all.append(&mut rendered::<welcome::WelcomePage>(views)?);
    all.append(&mut rendered::<welcome::ShortcutsPage>(views)?);
    all.append(&mut rendered::<welcome::ComponentsPage>(views)?);
    all.append(&mut rendered::<entries::EntryPart>(views)?);
    all.append(&mut rendered::<entries::EntryPage>(views)?);
    all.append(&mut rendered::<entries::ReplyPart>(views)?);
    all.append(&mut rendered::<entries::EditPage>(views)?);
    all.append(&mut rendered::<entries::DeletedItem>(views)?);
    all.append(&mut rendered::<versions::VersionsPage>(views)?);
    all.append(&mut rendered::<review::ReviewPage>(views)?);
    all.append(&mut rendered::<search::SearchPage>(views)?);
    all.append(&mut rendered::<search::MorePart>(views)?);
    all.append(&mut rendered::<settings::SettingsDataPage>(views)?);
    all.append(&mut rendered::<model::ModelPage>(views)?);
    all.append(&mut rendered::<machine::MachineTextsPage>(views)?);
    all.append(&mut rendered::<model::SentPage>(views)?);
    all.append(&mut rendered::<model::shelf::ModelWorkPart>(views)?);
    all.append(&mut rendered::<security::SecurityPage>(views)?);
    all.append(&mut rendered::<security::ConfirmPage>(views)?);
    all.append(&mut rendered::<security::PasswordPage>(views)?);
    all.append(&mut rendered::<security::CodePage>(views)?);
    all.append(&mut rendered::<security::DeletePage>(views)?);
    all.append(&mut rendered::<security::DeletedPage>(views)?);
    all.append(&mut rendered::<transfer::ImportPage>(views)?);
    all.append(&mut rendered::<traces::ChipsPart>(views)?);
    all.append(&mut rendered::<traces::OfferPart>(views)?);
    all.append(&mut rendered::<traces::about::SummaryPart>(views)?);
    all.append(&mut rendered::<traces::about::AboutPart>(views)?);
    all.append(&mut rendered::<traces::index::IndexPage>(views)?);
    all.append(&mut rendered::<traces::TracePage>(views)?);
    all.append(&mut rendered::<trash::TrashPage>(views)?);
    all.append(&mut rendered::<integrity::IntegrityPage>(views)?);
    all.append(&mut rendered::<keys::KeysPage>(views)?);
    all.append(&mut rendered::<keys::KeysCodePage>(views)?);
    all.append(&mut rendered::<invitations::InvitationPage>(views)?);
    all.append(&mut rendered::<older::OlderPage>(views)?);
    all.append(&mut rendered::<errors::ErrorPage>(views)?);
    Ok(all)
}

fn rendered<T: Template>(views: &Views) -> Result<Vec<Rendered>, ViewError> {
    let mut all = Vec::new();
    for (sample, context) in T::samples().iter().enumerate() {
        all.push(Rendered { template: T::NAME, sample, html: views.render(context, Language::default())? });
        if let Some(part) = T::PART.filter(|part| *part != T::NAME) {
            all.push(Rendered {
                template: part,
                sample,
                html: views.fragment(context, Language::default())?,
            });
        }
    }
    Ok(all)
}
