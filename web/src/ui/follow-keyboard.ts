/**
 * Where a screen keyboard lies over the page instead of making it shorter (Safari on iOS), the page ends above it all the same: gives
 * `--window` of tokens.css as much as is in sight.
 */
export function followKeyboard(view: Pick<VisualViewport, 'height' | 'scale' | 'addEventListener'> | null): void {
  view?.addEventListener('resize', () => {
    const inSight = Math.round(view.height * view.scale); // zoomed in, it is less that is covered by nothing
    const { style, scrollHeight } = document.documentElement;
    if (inSight >= innerHeight) return void style.removeProperty('--window');
    style.setProperty('--window', `${inSight}px`);
    if (scrollHeight <= innerHeight) scrollTo(0, 0); // it was moved up, to show the field
  });
}
