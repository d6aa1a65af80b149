//! The page's markup. Everything that is filled in is escaped by the template engine; nothing here writes HTML as text.

mod open;
mod over;
mod problem;
mod test_cards;

use maud::{DOCTYPE, Markup, html};
use url::Url;

pub(super) use self::problem::problem;
use super::Bill;
use super::amount::amount;
use super::assets::{ASSETS, Color};
use super::choose::gateway_title;
use super::form::Mistakes;
use super::headers::web_url;
use super::language::Language;
use super::scene::Scene;
use super::time_left::time_left;
use super::words::{Words, fill, words};

/// What a page is made from.
pub(super) struct View<'v> {
    pub(super) language: Language,
    pub(super) bill: &'v Bill,
    pub(super) scene: &'v Scene<'v>,
    /// What is wrong with the form that was sent.
    pub(super) mistakes: &'v Mistakes,
    /// Where the payer is being taken.
    pub(super) exit: Option<&'v Url>,
    /// The provider's name.
    pub(super) provider: &'v str,
    /// The gateway that the payer's link is for.
    pub(super) gateway: Option<&'v str>,
}

impl View<'_> {
    fn words(&self) -> &'static Words {
        words(self.language)
    }

    /// The merchant, or whoever is known instead.
    fn merchant(&self) -> &str {
        let name = self.bill.brand.name.as_str();
        if name.is_empty() { self.provider } else { name }
    }

    fn with_merchant(&self, text: &str) -> String {
        fill(self.language, text, &[("merchant", self.merchant())])
    }

    fn with_gateway(&self, text: &str) -> String {
        let attempt = self.bill.attempt.as_ref();
        let gateway = attempt.map_or(String::new(), |attempt| {
            gateway_title(&self.bill.ways, &attempt.gateway)
        });
        fill(self.language, text, &[("gateway", &gateway)])
    }

    fn due(&self) -> String {
        amount(self.language, self.bill.due)
    }

    /// Whether what the payer sees moves no real money.
    fn is_test(&self) -> bool {
        let ways = &self.bill.ways;
        let attempt = self
            .bill
            .attempt
            .as_ref()
            .filter(|attempt| !attempt.state.is_uncharged());
        match attempt {
            Some(attempt) => attempt.test_mode,
            None => !ways.is_empty() && ways.iter().all(|way| way.test_mode),
        }
    }
}

/// The whole page.
pub(super) fn page(view: &View<'_>) -> String {
    let words = view.words();
    let bill = view.bill;
    let is_open = !matches!(
        view.scene,
        Scene::Authorized | Scene::Paid | Scene::Failed(_) | Scene::Expired | Scene::Cancelled
    );
    let main = html! {
        @if view.is_test() { p.note.test { (words.test_mode) } }
        section {
            // What is over is not to be paid any more.
            p.quiet { @if is_open { (words.amount_due) } @else { (words.line_amount) } }
            p.amount { bdi { (view.due()) } }
            @if !bill.description.is_empty() { p.text { bdi { (bill.description) } } }
            @if is_open && bill.expires_at.is_some() { (expiry(view)) }
        }
        @if is_open { (open::scene(view)) } @else { (over::scene(view)) }
    };
    let brand = Frame {
        language: view.language,
        title: view.with_merchant(words.title),
        merchant: view.merchant(),
        logo: bill.brand.logo_url.as_deref().and_then(web_url),
        color: bill.brand.color.as_deref().and_then(Color::parse),
        provider: view.provider,
        gateway: view.gateway,
    };
    brand.around(&main).into_string()
}

/// So long before its end the page counts: where a date is shown instead, there is nothing to count.
const COUNTED_SECONDS: u64 = 48 * 3600;

fn expiry(view: &View<'_>) -> Markup {
    let Some(end) = view.bill.expires_at else {
        return html! {};
    };
    let seconds = end.millis().saturating_sub(view.bill.now.millis()) / 1000;
    let text = time_left(view.language, end, view.bill.now);
    html! {
        @if seconds < COUNTED_SECONDS {
            p.quiet role="timer" data-left=(seconds) data-text=(view.words().expires_clock) { (text) }
        } @else {
            p.quiet { (text) }
        }
    }
}

/// What stands around every page.
struct Frame<'f> {
    language: Language,
    title: String,
    merchant: &'f str,
    logo: Option<Url>,
    color: Option<Color>,
    provider: &'f str,
    gateway: Option<&'f str>,
}

impl Frame<'_> {
    /// This page in another language.
    fn address_in(&self, other: Language) -> String {
        let mut query = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        query.append_pair("lang", other.tag());
        if let Some(gateway) = self.gateway {
            query.append_pair("gateway", gateway);
        }
        query.finish()
    }

    fn around(&self, main: &Markup) -> Markup {
        let language = self.language;
        let words = words(language);
        html! {
            (DOCTYPE)
            html lang=(language.tag()) dir=(language.direction()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.title) }
                    link rel="stylesheet" href={ "assets/" (ASSETS.style.name) };
                    @if let Some(color) = self.color { link rel="stylesheet" href={ "assets/" (color.name()) }; }
                    link rel="icon" href={ "assets/" (ASSETS.icon.name) };
                    script src={ "assets/" (ASSETS.script.name) } defer {}
                }
                body {
                    header {
                        // The name stands beside it.
                        @if let Some(logo) = &self.logo { img src=(logo.as_str()) alt=""; }
                        p { bdi { (self.merchant) } }
                    }
                    main { (main) }
                    footer {
                        nav aria-label=(words.languages) {
                            ul {
                                @for other in Language::ALL {
                                    li {
                                        @if other == language {
                                            span lang=(other.tag()) aria-current="true" { (other.name()) }
                                        } @else {
                                            a href=(self.address_in(other)) lang=(other.tag()) hreflang=(other.tag()) {
                                                (other.name())
                                            }
                                        }
                                    }
                                }
                            }
                        }
                        p.quiet { (fill(language, words.by, &[("provider", self.provider)])) }
                    }
                }
            }
        }
    }
}
