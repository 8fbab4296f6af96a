//! Contexts of the calendar: a month, and a year as a heat map of writing.

use serde::Serialize;

use crate::web::{pages::Shell, view::Template};

/// `GET /calendar/{year}/{month}`: a page, and the part that opens from the date.
#[derive(Serialize, Clone)]
pub struct MonthPage {
    /// Surroundings.
    pub shell: Shell,
    /// `November 2026`.
    pub title: String,
    /// Calendar year.
    pub year: i16,
    /// Month, 1 to 12.
    pub month: i8,
    /// The day the calendar was opened from, ISO; it travels along from month to month.
    pub shown: Option<String>,
    /// Weekdays in the writer's order: short and long.
    pub weekdays: Vec<(String, String)>,
    /// Weeks; places outside the month are empty.
    pub weeks: Vec<Vec<Option<DayCell>>>,
    /// Address of the month before, where there is anything that early.
    pub earlier: Option<String>,
    /// Address of the month after, up to this one.
    pub later: Option<String>,
    /// Years to choose from.
    pub years: Vec<i16>,
    /// Months to choose from, by number.
    pub months: Vec<(usize, String)>,
    /// Today lies in another month.
    pub is_elsewhere: bool,
    /// Address of the month's review, where anything was written.
    pub review: Option<String>,
    /// Days get recaps: that of a day which is rested on is said beneath the month.
    pub has_recaps: bool,
}

/// A day of a month.
#[derive(Serialize, Clone)]
pub struct DayCell {
    /// ISO date, for the address.
    pub iso: String,
    /// Day of the month.
    pub number: i8,
    /// `own` when the writer wrote, `machine` when only the model did, else `none`.
    pub mark: &'static str,
    /// In words: the date and what it holds.
    pub label: String,
    /// Whether it is today.
    pub is_today: bool,
    /// Whether the calendar was opened from it.
    pub is_shown: bool,
    /// Whether it has not come yet.
    pub is_future: bool,
}

/// `GET /calendar/{year}`.
#[derive(Serialize, Clone)]
pub struct YearPage {
    /// Surroundings.
    pub shell: Shell,
    /// Calendar year.
    pub year: i16,
    /// The year before, where there is anything that early.
    pub earlier: Option<i16>,
    /// The year after, up to this one.
    pub later: Option<i16>,
    /// What was written in it, in words.
    pub sum: String,
    /// Its months.
    pub months: Vec<YearMonth>,
    /// Weekdays in the writer's order.
    pub weekdays: Vec<String>,
}

/// A month of a year.
#[derive(Serialize, Clone)]
pub struct YearMonth {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: i8,
    /// Whether it has begun.
    pub has_begun: bool,
    /// Weeks; places outside the month are empty.
    pub weeks: Vec<Vec<Option<HeatCell>>>,
}

/// A day of a year.
#[derive(Serialize, Clone)]
pub struct HeatCell {
    /// ISO date.
    pub iso: String,
    /// 0 for a day without writing, then 1 to 4.
    pub level: u8,
    /// In words.
    pub label: String,
    /// Whether it is today.
    pub is_today: bool,
}

impl Template for MonthPage {
    const NAME: &'static str = "calendar/month.html";
    const PART: Option<&'static str> = Some("calendar/_month.html");

    fn samples() -> Vec<Self> {
        let cell = |number: i8| DayCell {
            iso: format!("2026-11-{number:02}"),
            number,
            mark: ["own", "machine", "none"][usize::try_from(number % 3).unwrap_or(0)],
            label: format!("{number} November 2026"),
            is_today: number == 22,
            is_shown: number == 19,
            is_future: number > 22,
        };
        let place = |number: i8| (1..=30).contains(&number).then(|| cell(number));
        let weeks = (0..6).map(|week: i8| (0..7).map(|day| place(week * 7 + day - 5)).collect()).collect();
        let full = Self {
            shell: Shell::sample("Calendar"),
            title: "November 2026".to_owned(),
            year: 2026,
            month: 11,
            shown: Some("2026-11-19".to_owned()),
            weekdays: [("Mo", "Monday"), ("Tu", "Tuesday")]
                .map(|(short, long)| (short.to_owned(), long.to_owned()))
                .into(),
            weeks,
            earlier: Some("/calendar/2026/10?day=2026-11-19".to_owned()),
            later: None,
            years: vec![2025, 2026],
            months: vec![(10, "October".to_owned()), (11, "November".to_owned())],
            is_elsewhere: false,
            review: Some("/review/2026-11".to_owned()),
            has_recaps: true,
        };
        let bare = Self {
            shown: None,
            earlier: None,
            later: Some("/calendar/2026/12".to_owned()),
            is_elsewhere: true,
            has_recaps: false,
            ..full.clone()
        };
        vec![full, bare]
    }
}

impl Template for YearPage {
    const NAME: &'static str = "calendar/year.html";

    fn samples() -> Vec<Self> {
        let cell = |day: u8| HeatCell {
            iso: format!("2026-11-{day:02}"),
            level: day % 5,
            label: format!("{day} November 2026: entries"),
            is_today: day == 22,
        };
        let month = YearMonth {
            name: "November".to_owned(),
            number: 11,
            has_begun: true,
            weeks: vec![(1..=7).map(|day| Some(cell(day))).collect(), vec![None, Some(cell(22))]],
        };
        let full = Self {
            shell: Shell::sample("Calendar"),
            year: 2026,
            earlier: Some(2025),
            later: None,
            sum: "148 entries on 96 days.".to_owned(),
            months: vec![
                month.clone(),
                YearMonth { name: "December".to_owned(), number: 12, has_begun: false, ..month },
            ],
            weekdays: ["Monday", "Tuesday"].map(str::to_owned).into(),
        };
        vec![Self { earlier: None, later: Some(2027), ..full.clone() }, full]
    }
}
