/* SPDX-License-Identifier: ISC */
/* signals.h - what a signal leaves behind: nothing */
#ifndef KST_UI_SIGNALS_H
#define KST_UI_SIGNALS_H

/*
 * INT, TERM, HUP and QUIT remove the temporary files of a save that is under way
 * and then end the program as they would have.  SIGPIPE stays deadly and silent;
 * SIGXFSZ becomes an error of write(2).
 */
void signals_init(void);

#endif
