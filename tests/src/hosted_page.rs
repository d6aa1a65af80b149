//! The hosted page in a browser: what a person does there, and looks at.

use crate::browser::Browser;
use crate::eventually;
use crate::host::profile_folder;

const DESK: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);

/// Waits until the page's headline says so; pages that wait look again by themselves.
pub async fn headline(browser: &Browser, text: &str) {
    eventually(text, async || {
        let shown = browser.text("h1").await?;
        (shown == text).then_some(())
    })
    .await;
}

/// Chooses the sandbox's card, and sends its form with this number.
pub async fn pay_by_card(browser: &Browser, number: &str) {
    browser.click("input[value='sandbox/card']").await;
    browser.click("form button").await;
    headline(browser, "Card details").await;
    browser.fill("#field_number", number).await;
    browser.fill("#field_expiry", "12/39").await;
    browser.fill("#field_code", "123").await;
    browser.click("form button").await;
}

/// Looks at the page in both sizes, bright and dark, keeps pictures, and checks what a person would be annoyed or kept out by.
pub async fn look(browser: &Browser, name: &str) {
    let pictures = profile_folder().join("../tmp/checkout");
    let keep = async |place: &str| {
        browser
            .picture(&pictures.join(format!("{name}-{place}.png")))
            .await;
    };
    for (place, (width, height)) in [("phone", PHONE), ("desk", DESK)] {
        browser.resize(width, height).await;
        let overflow = "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(
            browser.evaluate(overflow).await,
            0,
            "{name} scrolls sideways on a {place}"
        );
        keep(place).await;
    }
    for dark in [true, false] {
        browser.darken(dark).await;
        let barriers = browser.barriers().await;
        assert!(barriers.is_empty(), "{name}, dark: {dark}: {barriers:#?}");
        if dark {
            keep("dark").await;
        }
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{name}: {complaints:#?}");
}
