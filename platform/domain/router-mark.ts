// By which header the router's page for names without an app says which router it is.
export const markHeader = 'X-Twelve-Router';
