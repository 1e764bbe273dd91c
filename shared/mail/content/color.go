package content

import (
	"math"
	"strconv"
)

// The colours of a mail that the settings do not change. layout.html has them, too.
const (
	pageLight = "#ffffff"
	pageDark  = "#212329"
	textLight = "#ffffff"
	textDark  = "#000000"

	// minBorderContrast is the contrast of a button to its page below which the button gets a border (WCAG 2.2, 1.4.11).
	minBorderContrast = 3
)

// readableOn returns the colour of text on a background: white or black, whichever has more contrast.
func readableOn(background string) string {
	if contrast(background, textLight) >= contrast(background, textDark) {
		return textLight
	}
	return textDark
}

// borderOn returns the colour of the border of a button on a page: the button's own colour, or one that is visible if
// the button is not.
func borderOn(button, page string) string {
	if contrast(button, page) < minBorderContrast {
		return readableOn(page)
	}
	return button
}

// contrast returns the contrast ratio of two colours #rrggbb, from 1 to 21 (WCAG 2.2, "contrast ratio").
func contrast(a, b string) float64 {
	x, y := luminance(a), luminance(b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

// luminance returns the relative luminance of a colour #rrggbb (WCAG 2.2, "relative luminance").
func luminance(color string) float64 {
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		value, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0 // not possible: package config has checked the colour
		}
		c := float64(value) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
