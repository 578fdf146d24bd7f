/** Whether one points with a finger: there is a keyboard on the screen, which covers half of it when a field has the focus. */
export const isTouch = (): boolean => matchMedia('(pointer: coarse)').matches;
