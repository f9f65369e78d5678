"""What a browser can tell about a page that can be seen: faint texts, and parts that stick out."""

from __future__ import annotations

__all__ = ["FAINT", "WIDE"]

# Texts within the elements of a selector whose contrast with what is behind them is below 4.5, opacity counted in.
FAINT = """selector => {
    const parse = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
    const over = (top, alpha, below) => top.map((value, index) => value * alpha + below[index] * (1 - alpha));
    const behind = element => {
        for (let at = element; at; at = at.parentElement) {
            const [red, green, blue, alpha = 1] = parse(getComputedStyle(at).backgroundColor);
            if (alpha > 0.99) return [red, green, blue];
        }
        return [255, 255, 255];
    };
    const luminance = colour => {
        const [red, green, blue] = colour.map(value => value / 255)
            .map(value => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const faint = [];
    for (const output of document.querySelectorAll(selector)) {
        const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
        while (walker.nextNode()) {
            const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
            if (!text || !element.checkVisibility()) continue;
            let opacity = 1;
            for (let at = element; at && at !== output; at = at.parentElement)
                opacity *= Number(getComputedStyle(at).opacity);
            const back = behind(element);
            const ink = over(parse(getComputedStyle(element).color).slice(0, 3), opacity, back);
            const [light, dark] = [luminance(ink), luminance(back)].sort((a, b) => b - a);
            const contrast = (light + 0.05) / (dark + 0.05);
            if (contrast < 4.5) faint.push(`${contrast.toFixed(2)}: ${text.slice(0, 60)}`);
        }
    }
    return faint;
}"""

# Parts of the elements of a selector that stick out of them, unless something around them scrolls.
WIDE = """selector => {
    const wide = [];
    for (const output of document.querySelectorAll(selector)) {
        const edge = output.getBoundingClientRect().right + 1;
        for (const element of output.querySelectorAll("*")) {
            if (element.getBoundingClientRect().right <= edge) continue;
            let scrolls = false;
            for (let at = element.parentElement; at && at !== output; at = at.parentElement)
                scrolls ||= getComputedStyle(at).overflowX === "auto";
            if (!scrolls) wide.push(`${element.tagName}: ${element.textContent.slice(0, 60)}`);
        }
    }
    return wide;
}"""
