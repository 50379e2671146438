/** After a form was not taken, whoever cannot see it is told what is wrong. */
document.getElementById('problems')?.focus()
