//! An invitation, as it is shown.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// `POST /settings/security/invite`. The answer must be `no-store`.
#[derive(Serialize, Clone)]
pub struct InvitationPage {
    /// Surroundings.
    pub shell: Shell,
    /// Where the code is typed.
    pub address: String,
    /// The code.
    pub code: String,
}

impl Template for InvitationPage {
    const NAME: &'static str = "settings/invitation.html";

    fn samples() -> Vec<Self> {
        vec![Self {
            shell: Shell::sample("Settings"),
            address: "http://192.168.1.20:5757/register".to_owned(),
            code: "7KQD-M3XA-9PTR-HB2W-5CVE-YN8G-J4F6".to_owned(),
        }]
    }
}
